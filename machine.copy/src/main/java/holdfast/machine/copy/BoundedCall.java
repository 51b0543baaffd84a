package holdfast.machine.copy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call of foreign code, which may never return: it is made in a thread of its own, and the caller
 * stops waiting after a limit. Thread-safe.
 */
final class BoundedCall<T extends @Nullable Object> implements Runnable {
  private final String name;
  private final Body<T> body;
  private final Consumer<T> late;
  private final CompletableFuture<T> answer = new CompletableFuture<>();

  /** The thread that runs the body; null before and after. Guarded by this. */
  private @Nullable Thread inside;

  private volatile long began;

  /** The foreign code. */
  interface Body<T extends @Nullable Object> {
    T run() throws InterruptedException;
  }

  /**
   * @param name what is called, such as {@code pause()}
   * @param late receives a result that comes after the caller has given up, in the thread of the
   *     call
   */
  BoundedCall(String name, Body<T> body, Consumer<T> late) {
    this.name = name;
    this.body = body;
    this.late = late;
  }

  String name() {
    return name;
  }

  /** Returns how long the call has been under way. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Makes the call, unless the caller has already given up. */
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
      endBody();
      answer.completeExceptionally(e);
      return;
    }
    endBody();
    if (!answer.complete(value)) {
      late.accept(value);
    }
  }

  /**
   * Ends the body: from here on the thread is not interrupted, and an interrupt of the body is
   * cleared.
   */
  private synchronized void endBody() {
    inside = null;
    Thread.interrupted();
  }

  /**
   * Waits for the result.
   *
   * @param end when to give up, by {@link System#nanoTime}; the call is interrupted then
   * @throws TimeoutException if there was no result until then
   * @throws ExecutionException if the call failed
   * @throws InterruptedException if the waiting thread was interrupted; it has then given up, too
   */
  T await(long end) throws TimeoutException, ExecutionException, InterruptedException {
    try {
      return answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | InterruptedException e) {
      if (giveUp()) {
        throw e;
      }
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt(); // kept for the next wait
      }
      return answer.get();
    }
  }

  /**
   * Waits for the result, and lets the call continue if there is none.
   *
   * @param end until when to wait, by {@link System#nanoTime}
   * @return whether there is a result
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
   * Gives up, and interrupts the call if it is under way.
   *
   * @return false if there was a result already
   */
  synchronized boolean giveUp() {
    boolean left = answer.completeExceptionally(new TimeoutException(name));
    if (left && inside != null) {
      inside.interrupt();
    }
    return left;
  }
}
