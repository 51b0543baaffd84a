/*
 * The rival of a copying swap: memcpy between two mappings, or, to a disk, write(2) and fsync(2).
 *
 * copy FROM TO BYTES [fsync]: FROM is there and has that size; TO is made and removed at the end, without a fourth argument also
 * allocated. Prints "copy NANOS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

#define PORTION (1UL << 20)

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) {
    fprintf(stderr, "usage: copy FROM TO BYTES [fsync]\n");
    return 1;
  }
  size_t size = strtoull(argv[3], NULL, 10);
  int from = open(argv[1], O_RDONLY | O_CLOEXEC);
  check(from >= 0, argv[1]);
  int to = open(argv[2], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  check(to >= 0, argv[2]);
  char *source = mmap(NULL, size, PROT_READ, MAP_SHARED, from, 0);
  check(source != MAP_FAILED, "mmap");
  volatile char sum = 0;
  for (size_t at = 0; at < size; at += 4096) {
    sum += source[at]; /* the source is in use where a swap begins, and so its pages are present */
  }
  if (argc == 5) {
    long before = now();
    for (size_t at = 0; at < size;) {
      ssize_t written = write(to, source + at, size - at < PORTION ? size - at : PORTION);
      check(written > 0, "write");
      at += written;
    }
    check(fsync(to) == 0, "fsync");
    printf("copy %ld\n", now() - before);
    unlink(argv[2]);
    return 0;
  }
  check(ftruncate(to, size) == 0, "ftruncate");
  check(fallocate(to, 0, 0, size) == 0, "fallocate");
  char *target = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
  check(target != MAP_FAILED, "mmap");
  long before = now();
  memcpy(target, source, size);
  printf("copy %ld\n", now() - before);
  unlink(argv[2]);
  return target[size - 1] == source[size - 1] ? 0 : 1;
}
