/*
 * The rival of GuestMemory: loads or stores of 8 bytes at random offsets of one mapping.
 *
 * access DEVICES DISTANCE SPAN read|write SAMPLES: DEVICES parts lie DISTANCE bytes apart, as devices do in a guest, and SPAN bytes
 * of each are used. Where that is less than DISTANCE, each part uses others, so that no two of them share a set of the cache.
 * Prints "access PICOSECONDS" for each sample.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: access DEVICES DISTANCE SPAN read|write SAMPLES\n");
    return 1;
  }
  uint64_t devices = strtoull(argv[1], NULL, 10);
  uint64_t distance = strtoull(argv[2], NULL, 10);
  uint64_t span = strtoull(argv[3], NULL, 10);
  int writes = strcmp(argv[4], "write") == 0;
  uint64_t skew = span < distance ? span : 0;
  size_t size = devices * distance;
  int file = memfd_create("access", MFD_CLOEXEC);
  check(file >= 0 && ftruncate(file, size) == 0, "memfd_create");
  char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  madvise(base, size, MADV_HUGEPAGE); /* as Holdfast and QEMU do */
  for (size_t at = 0; at < size; at += 4096) {
    base[at] = 1;
  }
  long accesses = size <= 256 << 20 ? 4 << 20 : 1 << 20;
  uint64_t random = 0x9E3779B97F4A7C15;
  uint64_t sum = 0;
  for (int sample = -2; sample < atoi(argv[5]); sample++) {
    long before = now();
    for (long i = 0; i < accesses; i++) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      uint64_t device = (random >> 40) & (devices - 1);
      char *at = base + device * (distance + skew) + (random & (span - 8));
      if (writes) {
        *(volatile uint64_t *)at = random;
      } else {
        sum += *(volatile uint64_t *)at;
      }
    }
    double nanos = now() - before;
    if (sample >= 0) {
      printf("access %.0f\n", nanos * 1000 / accesses);
    }
  }
  return sum == 42 ? 2 : 0;
}
