/*
 * The rival of a persist: a store and msync(2) of the page that it is in.
 *
 * persist FILE BYTES LENGTH TIMES: FILE is there and has BYTES. Prints "persist NANOS" for each.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: persist FILE BYTES LENGTH TIMES\n");
    return 1;
  }
  size_t size = strtoull(argv[2], NULL, 10);
  size_t length = strtoull(argv[3], NULL, 10);
  int file = open(argv[1], O_RDWR | O_CLOEXEC);
  check(file >= 0, argv[1]);
  char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  uint64_t most = (size - length) / 4096;
  for (int i = 0; i < atoi(argv[4]); i++) {
    char *page = base + (uint64_t)i * 7919 % most * 4096;
    memset(page, i, length);
    long before = now();
    check(msync(page, length, MS_SYNC) == 0, "msync");
    printf("persist %ld\n", now() - before);
  }
  return 0;
}
