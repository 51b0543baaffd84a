package holdfast.host.testkit;

import java.util.List;

/**
 * One call that was made through a {@link FaultyLibc}.
 *
 * @param number 1 for the first call of that libc, whichever it was
 * @param call which call
 * @param arguments its arguments, in the order of {@link holdfast.host.linux.Libc}
 */
public record RecordedCall(int number, SystemCall call, List<Object> arguments) {
  private static final int MMAP_FLAGS = 3;
  private static final int ADVICE = 2;

  /** Returns the mmap(2) flags of a call of {@link SystemCall#MMAP}, else 0. */
  public int mapFlags() {
    return call == SystemCall.MMAP ? (int) arguments.get(MMAP_FLAGS) : 0;
  }

  /** Returns the advice of a call of {@link SystemCall#MADVISE}, else -1. */
  public int advice() {
    return call == SystemCall.MADVISE ? (int) arguments.get(ADVICE) : -1;
  }

  @Override
  public String toString() {
    return number + ": " + call + arguments;
  }
}
