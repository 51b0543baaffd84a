package holdfast.vcpu.unicorn.internal;

import java.util.function.LongConsumer;

/** Where the answer to an exit goes. Thread-safe. */
final class Reply implements LongConsumer {
  private final Runnable given;
  private boolean open = true;
  private boolean answered;
  private long value = -1;

  /**
   * @param given called when the answer is there
   */
  Reply(Runnable given) {
    this.given = given;
  }

  @Override
  public void accept(long answer) {
    synchronized (this) {
      if (!open || answered) {
        throw new IllegalStateException(
            answered ? "this exit is answered already" : "this answer comes too late");
      }
      answered = true;
      value = answer;
    }
    given.run();
  }

  /** Returns whether the answer is there. */
  synchronized boolean isAnswered() {
    return answered;
  }

  /** Returns the answer, all bits set if there is none; none comes from now on. */
  synchronized long close() {
    open = false;
    return value;
  }
}
