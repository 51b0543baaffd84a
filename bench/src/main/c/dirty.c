/*
 * What a disk takes for dirty pages anywhere in a file: stores into random pages of a mapping, and one msync(2).
 *
 * dirty FILE BYTES PAGES TIMES: FILE is there and has BYTES. Prints "msync NANOS" for each.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: dirty FILE BYTES PAGES TIMES\n");
    return 1;
  }
  size_t size = strtoull(argv[2], NULL, 10);
  long pages = atol(argv[3]);
  int file = open(argv[1], O_RDWR | O_CLOEXEC);
  check(file >= 0, argv[1]);
  char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  check(msync(base, size, MS_SYNC) == 0, "msync");
  uint64_t random = 0x9E3779B97F4A7C15;
  for (int i = 0; i < atoi(argv[4]); i++) {
    for (long page = 0; page < pages; page++) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      *(volatile uint64_t *)(base + random % (size / 4096) * 4096) = random;
    }
    long before = now();
    check(msync(base, size, MS_SYNC) == 0, "msync");
    printf("msync %ld\n", now() - before);
  }
  return 0;
}
