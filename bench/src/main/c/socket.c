/*
 * The rival of a migration: one process writes memory into a UNIX socket, and another one reads it into new memory.
 *
 * socket FROM TO BYTES: FROM is there and has that size; TO is made sparse, and removed at the end. Prints "copy NANOS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rival.h"

#define PORTION (1UL << 18)

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: socket FROM TO BYTES\n");
    return 1;
  }
  size_t size = strtoull(argv[3], NULL, 10);
  int from = open(argv[1], O_RDONLY | O_CLOEXEC);
  check(from >= 0, argv[1]);
  int to = open(argv[2], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  check(to >= 0, argv[2]);
  check(ftruncate(to, size) == 0, "ftruncate");
  char *source = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, from, 0);
  check(source != MAP_FAILED, "mmap");
  char *target = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
  check(target != MAP_FAILED, "mmap");
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  long before = now();
  pid_t writer = fork();
  check(writer >= 0, "fork");
  if (writer == 0) {
    for (size_t at = 0; at < size;) {
      ssize_t written = write(ends[0], source + at, size - at < PORTION ? size - at : PORTION);
      check(written > 0, "write");
      at += written;
    }
    _exit(0);
  }
  for (size_t at = 0; at < size;) {
    ssize_t come = read(ends[1], target + at, size - at < PORTION ? size - at : PORTION);
    check(come > 0, "read");
    at += come;
  }
  printf("copy %ld\n", now() - before);
  int status = 1;
  check(waitpid(writer, &status, 0) == writer, "waitpid");
  unlink(argv[2]);
  return status == 0 && target[size - 1] == source[size - 1] ? 0 : 1;
}
