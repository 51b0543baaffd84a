/*
 * The rival of a re-map: what a writer thread waits for while mmap(MAP_FIXED) puts the same file over the same addresses.
 *
 * remap FILE BYTES ROUNDS [msync]: the file is there and has that size. Prints "stall NANOS" and "quiet NANOS" for each round: the
 * longest time between two stores around the exchange, and in as long a time after it without one. With a fourth argument the
 * exchange is followed by msync(2), as a re-map of a file on a disk is.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rival.h"

static char *base;
static size_t size;
static atomic_long longest;
static atomic_long last;
static atomic_bool ended;

static void *write_pages(void *unused) {
  uint64_t page = 0;
  uint64_t pages = size / 4096;
  long before = now();
  while (!atomic_load_explicit(&ended, memory_order_relaxed)) {
    page = (page + 7919) % pages;
    *(volatile uint64_t *)(base + page * 4096) = page;
    long after = now();
    if (after - before > atomic_load_explicit(&longest, memory_order_relaxed)) {
      atomic_store_explicit(&longest, after - before, memory_order_relaxed);
    }
    before = after;
    atomic_store_explicit(&last, after, memory_order_release);
  }
  return unused;
}

/* Until a store was made that began after this call. */
static void await_store(void) {
  long from = now();
  while (atomic_load_explicit(&last, memory_order_acquire) <= from) {
    usleep(50);
  }
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) {
    fprintf(stderr, "usage: remap FILE BYTES ROUNDS [msync]\n");
    return 1;
  }
  size = strtoull(argv[2], NULL, 10);
  int file = open(argv[1], O_RDWR | O_CLOEXEC);
  check(file >= 0, argv[1]);
  base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  for (size_t at = 0; at < size; at += 4096) {
    *(volatile uint64_t *)(base + at) = at;
  }
  pthread_t writer;
  check(pthread_create(&writer, NULL, write_pages, NULL) == 0, "pthread_create");
  await_store();
  for (int round = 0; round < atoi(argv[3]); round++) {
    for (size_t at = 0; at < size; at += 4096) {
      *(volatile uint64_t *)(base + at + 8) = at; /* all present again */
    }
    check(msync(base, size, MS_SYNC) == 0, "msync");
    atomic_store(&longest, 0);
    long before = now();
    void *there = mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    check(there == base, "mmap(MAP_FIXED)");
    if (argc == 5) {
      check(msync(base, size, MS_SYNC) == 0, "msync");
    }
    long took = now() - before;
    await_store();
    long stall = atomic_load(&longest);
    atomic_store(&longest, 0);
    usleep(took / 1000 + 1);
    await_store();
    printf("stall %ld\nquiet %ld\n", stall, atomic_load(&longest));
  }
  atomic_store(&ended, 1);
  pthread_join(writer, NULL);
  return 0;
}
