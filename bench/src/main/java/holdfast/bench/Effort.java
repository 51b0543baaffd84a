package holdfast.bench;

/**
 * How thoroughly is measured.
 *
 * @param quick whether only roughly, in a few minutes for everything
 */
record Effort(boolean quick) {

  /** Returns one of two numbers. */
  int of(int thorough, int rough) {
    return quick ? rough : thorough;
  }

  /** Returns one of two numbers of bytes. */
  long bytes(long thorough, long rough) {
    return quick ? rough : thorough;
  }
}
