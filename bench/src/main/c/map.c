/*
 * The rival of mapping and unmapping a file that is there: the system calls alone that it takes, in their order.
 *
 * map FILE BYTES TIMES [fsync]: with a fourth argument the file and its folder are synced before they are mapped, as Holdfast does
 * on a disk, since whoever made the file may have been killed before it was durable. Prints "map NANOS" for each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) {
    fprintf(stderr, "usage: map FILE BYTES TIMES [fsync]\n");
    return 1;
  }
  size_t size = strtoull(argv[2], NULL, 10);
  char *parent = dirname(strdup(argv[1]));
  for (int i = 0; i < atoi(argv[3]); i++) {
    long before = now();
    int file = open(argv[1], O_RDWR | O_CLOEXEC);
    check(file >= 0, argv[1]);
    check(flock(file, LOCK_EX | LOCK_NB) == 0, "flock");
    check((size_t)lseek(file, 0, SEEK_END) >= size, "lseek");
    if (argc == 5) {
      check(fsync(file) == 0, "fsync");
      int folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      check(folder >= 0 && fsync(folder) == 0, parent);
      close(folder);
    }
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    check(base != MAP_FAILED, "mmap");
    madvise(base, size, MADV_HUGEPAGE);
    check(munmap(base, size) == 0, "munmap");
    close(file);
    printf("map %ld\n", now() - before);
  }
  return 0;
}
