package holdfast.start;

import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;

/**
 * A program that an added bundle registers, such as an emulator: a service {@link Callable} with
 * the property {@code holdfast.program=true}. It is called in a thread of its own as soon as it is
 * registered. When it returns, the process ends, with its result as the exit status. The first one
 * counts.
 */
final class Program {
  private static final String FILTER =
      "(&(objectClass=java.util.concurrent.Callable)(holdfast.program=true))";

  private final AtomicReference<@Nullable Thread> running = new AtomicReference<>();
  private volatile OptionalInt status = OptionalInt.empty();

  /**
   * Calls the program when it comes.
   *
   * @param end ends the framework
   */
  void await(BundleContext context, Runnable end) {
    try {
      new ServiceTracker<Object, Thread>(context, context.createFilter(FILTER), null) {
        @Override
        public @Nullable Thread addingService(ServiceReference<Object> reference) {
          if (!(context.getService(reference) instanceof Callable<?> program)) {
            return null;
          }
          Thread thread =
              Thread.ofPlatform()
                  .name("holdfast-program")
                  .daemon()
                  .unstarted(() -> run(program, end));
          if (!running.compareAndSet(null, thread)) {
            return null;
          }
          thread.start();
          return thread;
        }

        @Override
        public void removedService(ServiceReference<Object> reference, Thread thread) {
          if (thread != Thread.currentThread()) {
            thread.interrupt();
          }
        }
      }.open();
    } catch (InvalidSyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private void run(Callable<?> program, Runnable end) {
    try {
      status = OptionalInt.of(program.call() instanceof Integer number ? number : 0);
    } catch (InterruptedException e) {
      return; // the process is being ended, or the program's bundle was stopped
    } catch (Exception | LinkageError e) {
      System.err.println("holdfast: " + OneLine.of("the program failed: " + e));
      status = OptionalInt.of(1);
    }
    end.run();
  }

  /** Returns the exit status if the program has returned. */
  OptionalInt status() {
    return status;
  }
}
