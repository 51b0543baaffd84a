/*
 * What the kernel takes for tracked memory, whoever asks: to search it for dirty pages, and to exchange what is in its place.
 *
 * tracked BYTES memfd|plain|untracked: memory in huge pages, of which 40 pages of each MiB are stored into after tracking began.
 * Prints "scan NANOS" for each of five searches with 50 dirty pages, and "exchange NANOS" for one mmap(MAP_FIXED) of a file over
 * the memory. "untracked" is plain memory that is never tracked. No part runs it: bench/reasons.txt quotes it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rival.h"

/* From linux/userfaultfd.h and linux/fs.h as they are since 6.7. */
#define WP_UNPOPULATED (1 << 13)
#define WP_ASYNC (1 << 15)
#define WRITTEN 2
#define PROTECT_AND_CHECK 3

struct region {
  uint64_t start, end, categories;
};

struct scan {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask, category_anyof_mask,
      return_mask;
};

#define PAGEMAP_SCAN _IOWR('f', 16, struct scan)

static char *base;
static size_t size;
static uint64_t state = 0x9E3779B97F4A7C15;

static void store(long pages) {
  for (long page = 0; page < pages; page++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    *(volatile uint64_t *)(base + state % (size / 4096) * 4096) = state;
  }
}

static void search(int pagemap) {
  static struct region found[512];
  uint64_t end = (uintptr_t)base + size;
  for (uint64_t at = (uintptr_t)base; at < end;) {
    struct scan scan = {.size = sizeof scan,
                        .flags = PROTECT_AND_CHECK,
                        .start = at,
                        .end = end,
                        .vec = (uintptr_t)found,
                        .vec_len = 512,
                        .category_mask = WRITTEN,
                        .return_mask = WRITTEN};
    int count = ioctl(pagemap, PAGEMAP_SCAN, &scan);
    check(count >= 0, "PAGEMAP_SCAN");
    at = scan.walk_end;
    if (count > 0 && found[count - 1].end > at) {
      at = found[count - 1].end;
    }
  }
}

static void track(void) {
  int descriptor = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  check(descriptor >= 0, "userfaultfd");
  struct uffdio_api api = {.api = UFFD_API, .features = WP_ASYNC | WP_UNPOPULATED | UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
  check(ioctl(descriptor, UFFDIO_API, &api) == 0, "UFFDIO_API");
  struct uffdio_range range = {.start = (uintptr_t)base, .len = size};
  struct uffdio_register wanted = {.range = range, .mode = UFFDIO_REGISTER_MODE_WP};
  check(ioctl(descriptor, UFFDIO_REGISTER, &wanted) == 0, "UFFDIO_REGISTER");
  struct uffdio_writeprotect protect = {.range = range, .mode = UFFDIO_WRITEPROTECT_MODE_WP};
  check(ioctl(descriptor, UFFDIO_WRITEPROTECT, &protect) == 0, "UFFDIO_WRITEPROTECT");
  int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  check(pagemap >= 0, "/proc/self/pagemap");
  store(size / (1 << 20) * 40);
  search(pagemap);
  for (int time = 0; time < 5; time++) {
    store(50);
    long before = now();
    search(pagemap);
    printf("scan %ld\n", now() - before);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: tracked BYTES memfd|plain|untracked\n");
    return 1;
  }
  size = strtoull(argv[1], NULL, 10);
  int next = memfd_create("next", MFD_CLOEXEC);
  check(next >= 0 && ftruncate(next, size) == 0 && fallocate(next, 0, 0, size) == 0, "memfd_create");
  int file = -1;
  int kind = MAP_PRIVATE | MAP_ANONYMOUS;
  if (strcmp(argv[2], "memfd") == 0) {
    file = memfd_create("tracked", MFD_CLOEXEC);
    check(file >= 0 && ftruncate(file, size) == 0, "memfd_create");
    kind = MAP_SHARED;
  }
  base = mmap(NULL, size, PROT_READ | PROT_WRITE, kind, file, 0);
  check(base != MAP_FAILED, "mmap");
  madvise(base, size, MADV_HUGEPAGE); /* as Holdfast and QEMU do */
  memset(base, 7, size);
  if (strcmp(argv[2], "untracked") != 0) {
    track();
  }
  long before = now();
  void *there = mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, next, 0);
  printf("exchange %ld\n", now() - before);
  check(there == base, "mmap(MAP_FIXED)");
  return 0;
}
