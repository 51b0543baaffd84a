/* What every rival needs: an end with a message, and the time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void check(int good, const char *call) {
  if (!good) {
    perror(call);
    exit(1);
  }
}

/* Nanoseconds since some moment. */
static inline long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}
