/*
 * The rival of copies through GuestMemory: memcpy into and out of random places of one mapping.
 *
 * bulk LENGTH BYTES in|out SAMPLES: "in" is into the mapping of BYTES. Prints "bulk PICOSECONDS" per copy for each sample.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

#define IN_PAGE 1024 /* where in a page the buffer begins, as in CopyCalls: copies between like places are slower */

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: bulk LENGTH BYTES in|out SAMPLES\n");
    return 1;
  }
  size_t length = strtoull(argv[1], NULL, 10);
  size_t size = strtoull(argv[2], NULL, 10);
  int in = strcmp(argv[3], "in") == 0;
  int file = memfd_create("bulk", MFD_CLOEXEC);
  check(file >= 0 && ftruncate(file, size) == 0, "memfd_create");
  char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  madvise(base, size, MADV_HUGEPAGE); /* as Holdfast and QEMU do */
  memset(base, 1, size);
  char *buffer = (char *)aligned_alloc(4096, (length + 8191) & -4096) + IN_PAGE;
  memset(buffer, 2, length);
  long copies = (256L << 20) / length;
  copies = copies > 1 << 20 ? 1 << 20 : copies;
  uint64_t random = 0x9E3779B97F4A7C15;
  for (int sample = -2; sample < atoi(argv[4]); sample++) {
    long before = now();
    for (long i = 0; i < copies; i++) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      char *at = base + (random & (size - 1) & -length);
      if (in) {
        memcpy(at, buffer, length);
      } else {
        memcpy(buffer, at, length);
      }
      __asm__ volatile("" ::: "memory");
    }
    double nanos = now() - before;
    if (sample >= 0) {
      printf("bulk %.0f\n", nanos * 1000 / copies);
    }
  }
  return 0;
}
