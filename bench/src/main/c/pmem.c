/*
 * The rival of a persist by flushes of CPU cache lines: pmem_persist of libpmem. bench/run leaves it out where that
 * library's header is missing.
 *
 * pmem FILE BYTES LENGTH dirty|clean SAMPLES: walks through BYTES of FILE; "dirty" stores before each persist: 8 bytes into a
 * cache line, else all of LENGTH. Prints "pmem PICOSECONDS" per persist for each sample.
 */
#include <fcntl.h>
#include <libpmem.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: pmem FILE BYTES LENGTH dirty|clean SAMPLES\n");
    return 1;
  }
  size_t size = strtoull(argv[2], NULL, 10);
  size_t length = strtoull(argv[3], NULL, 10);
  int dirty = strcmp(argv[4], "dirty") == 0;
  int file = open(argv[1], O_RDWR | O_CLOEXEC);
  check(file >= 0, argv[1]);
  char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  memset(base, 1, size);
  pmem_persist(base, size);
  long persists = (64L << 20) / length;
  persists = persists > 1 << 18 ? 1 << 18 : persists;
  size_t at = 0;
  for (int sample = -2; sample < atoi(argv[5]); sample++) {
    long before = now();
    for (long i = 0; i < persists; i++) {
      if (dirty && length <= 64) {
        *(volatile uint64_t *)(base + at) = i;
      } else if (dirty) {
        memset(base + at, i, length);
      }
      pmem_persist(base + at, length);
      at = at + length < size ? at + length : 0;
    }
    double nanos = now() - before;
    if (sample >= 0) {
      printf("pmem %.0f\n", nanos * 1000 / persists);
    }
  }
  return 0;
}
