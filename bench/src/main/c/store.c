/*
 * The rival of stores through a region's segment: one of 8 bytes into each page, page after page.
 *
 * store FILE BYTES PASSES: FILE is there and has that size; "-" for anonymous memory. Prints "store PICOSECONDS" per store for each
 * pass after the first.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: store FILE BYTES PASSES\n");
    return 1;
  }
  size_t size = strtoull(argv[2], NULL, 10);
  int anonymous = strcmp(argv[1], "-") == 0;
  int file = anonymous ? -1 : open(argv[1], O_RDWR | O_CLOEXEC);
  check(anonymous || file >= 0, argv[1]);
  char *base =
      mmap(NULL, size, PROT_READ | PROT_WRITE, anonymous ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  madvise(base, size, MADV_HUGEPAGE); /* as Holdfast and QEMU do */
  for (int pass = 0; pass <= atoi(argv[3]); pass++) {
    long before = now();
    for (size_t at = 0; at < size; at += 4096) {
      *(volatile uint64_t *)(base + at) = at + pass;
    }
    double nanos = now() - before;
    if (pass > 0) {
      printf("store %.0f\n", nanos * 1000 / (size / 4096));
    }
  }
  return 0;
}
