/*
 * The rival of preallocation: a new file, and MADV_POPULATE_WRITE on some threads.
 *
 * prealloc FILE BYTES THREADS [fallocate]: FILE is made, and removed at the end; with a fourth argument its space is set aside
 * first. Prints "prealloc NANOS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define PORTION (32L << 20)

static char *base;
static size_t size;
static atomic_size_t next;

static void *populate(void *unused) {
  size_t from;
  while ((from = atomic_fetch_add(&next, PORTION)) < size) {
    size_t length = size - from < PORTION ? size - from : PORTION;
    check(madvise(base + from, length, MADV_POPULATE_WRITE) == 0, "madvise");
  }
  return unused;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) {
    fprintf(stderr, "usage: prealloc FILE BYTES THREADS [fallocate]\n");
    return 1;
  }
  size = strtoull(argv[2], NULL, 10);
  int count = atoi(argv[3]);
  pthread_t threads[64];
  check(count >= 1 && count <= 64, "THREADS");
  long before = now();
  int file = open(argv[1], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  check(file >= 0, argv[1]);
  check(ftruncate(file, size) == 0, "ftruncate");
  check(argc == 4 || fallocate(file, 0, 0, size) == 0, "fallocate");
  base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  for (int i = 0; i < count; i++) {
    check(pthread_create(&threads[i], NULL, populate, NULL) == 0, "pthread_create");
  }
  for (int i = 0; i < count; i++) {
    pthread_join(threads[i], NULL);
  }
  printf("prealloc %ld\n", now() - before);
  unlink(argv[1]);
  return 0;
}
