/*
 * The rival of the first round of a copying swap: memcpy between two mappings.
 *
 * copy FROM TO BYTES: FROM is there and has that size; TO is made, allocated, and removed at the end. Prints "copy NANOS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: copy FROM TO BYTES\n");
    return 1;
  }
  size_t size = strtoull(argv[3], NULL, 10);
  int from = open(argv[1], O_RDONLY | O_CLOEXEC);
  check(from >= 0, argv[1]);
  int to = open(argv[2], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  check(to >= 0, argv[2]);
  check(ftruncate(to, size) == 0, "ftruncate");
  check(fallocate(to, 0, 0, size) == 0, "fallocate");
  char *source = mmap(NULL, size, PROT_READ, MAP_SHARED, from, 0);
  char *target = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
  check(source != MAP_FAILED && target != MAP_FAILED, "mmap");
  volatile char sum = 0;
  for (size_t at = 0; at < size; at += 4096) {
    sum += source[at]; /* the source is in use where a swap begins, and so its pages are present */
  }
  long before = now();
  memcpy(target, source, size);
  printf("copy %ld\n", now() - before);
  unlink(argv[2]);
  return target[size - 1] == source[size - 1] ? 0 : 1;
}
