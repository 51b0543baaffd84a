package holdfast.machine.copy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One call of somebody else's code, which may never come back: it is made in a thread of its own,
 * and who waits for it gives up at a time. Thread-safe.
 */
final class BoundedCall<T extends @Nullable Object> implements Runnable {
  private final String name;
  private final Body<T> body;
  private final Consumer<T> late;
  private final CompletableFuture<T> answer = new CompletableFuture<>();

  /** Where the body runs; null before and after. Guarded by this. */
  private @Nullable Thread inside;

  private volatile long began;

  /** Somebody else's code. */
  interface Body<T extends @Nullable Object> {
    T run() throws InterruptedException;
  }

  /**
   * @param name what is called, such as {@code pause()}
   * @param late takes an answer that nobody waits for any more, in the thread of the call
   */
  BoundedCall(String name, Body<T> body, Consumer<T> late) {
    this.name = name;
    this.body = body;
    this.late = late;
  }

  String name() {
    return name;
  }

  /** For how long the call has been under way. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Makes the call, unless nobody waits for it any more. */
  @Override
  public void run() {
    began = System.nanoTime();
    synchronized (this) {
      if (answer.isDone()) {
        return;
      }
      inside = Thread.currentThread();
    }
    T value;
    try {
      value = body.run();
    } catch (InterruptedException | RuntimeException | Error e) {
      leave();
      answer.completeExceptionally(e);
      return;
    }
    leave();
    if (!answer.complete(value)) {
      late.accept(value);
    }
  }

  /** From here on the thread is not interrupted, and what it was is over. */
  private synchronized void leave() {
    inside = null;
    Thread.interrupted();
  }

  /**
   * Waits for the answer.
   *
   * @param end when to give up, by {@link System#nanoTime}; the call is interrupted then
   * @throws TimeoutException if there was no answer until then
   * @throws ExecutionException if the call failed
   * @throws InterruptedException if who waits was interrupted; then it has given up, too
   */
  T await(long end) throws TimeoutException, ExecutionException, InterruptedException {
    try {
      return answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | InterruptedException e) {
      if (giveUp()) {
        throw e;
      }
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt(); // whoever waits next is told
      }
      return answer.get();
    }
  }

  /**
   * Waits for the answer, and lets the call go on if there is none.
   *
   * @param end until when, by {@link System#nanoTime}
   * @return whether there is an answer
   * @throws ExecutionException if the call failed
   */
  boolean isAnswered(long end) throws ExecutionException, InterruptedException {
    try {
      answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  /**
   * Waits no longer, and interrupts the call if it is under way.
   *
   * @return false if it was answered already
   */
  synchronized boolean giveUp() {
    boolean left = answer.completeExceptionally(new TimeoutException(name));
    if (left && inside != null) {
      inside.interrupt();
    }
    return left;
  }
}
