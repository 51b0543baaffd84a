/*
 * No rival, but what measures whole processes, since Java can't ask what a child has used.
 *
 * spawn INPUT UNTIL COMMAND...: runs COMMAND with INPUT as its standard input and what it prints thrown away, and waits for its
 * end. With another UNTIL than "-" it waits until the process has mapped that file, prints "up NANOS", and tells it to end. Prints
 * "wall NANOS", "cpu NANOS" and "peak BYTES" of resident memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rival.h"

/* Whether the process has mapped the file. */
static int has_mapped(pid_t process, const char *name) {
  char path[64];
  char *line = NULL;
  size_t space = 0;
  int found = 0;
  snprintf(path, sizeof path, "/proc/%d/maps", process);
  FILE *maps = fopen(path, "r");
  while (maps != NULL && !found && getline(&line, &space, maps) > 0) {
    found = strstr(line, name) != NULL;
  }
  if (maps != NULL) {
    fclose(maps);
  }
  free(line);
  return found;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: spawn INPUT UNTIL COMMAND...\n");
    return 1;
  }
  int waits = strcmp(argv[2], "-") != 0;
  int in = open(argv[1], O_RDONLY | O_CLOEXEC);
  int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
  check(in >= 0 && out >= 0, argv[1]);
  long before = now();
  pid_t process = vfork();
  check(process >= 0, "vfork");
  if (process == 0) {
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  int status = 0;
  struct rusage used;
  if (waits) {
    while (!has_mapped(process, argv[2])) {
      check(wait4(process, &status, WNOHANG, &used) == 0, "it ended before it was up");
      usleep(1000);
    }
    printf("up %ld\n", now() - before);
    kill(process, SIGTERM);
  }
  check(wait4(process, &status, 0, &used) == process, "wait4");
  printf("wall %ld\n", now() - before);
  long cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  printf("cpu %ld\npeak %ld\n", cpu * 1000, used.ru_maxrss * 1024);
  return waits || (WIFEXITED(status) && WEXITSTATUS(status) == 0) ? 0 : 1;
}
