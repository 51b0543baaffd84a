package holdfast.machine.core;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.GuestControl;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those who can ask the guest. Each is called in a thread of its own, one call at a time, and
 * nobody waits for one that hangs. Thread-safe.
 */
public final class GuestControls {
  private static final Logger LOG = LoggerFactory.getLogger(GuestControls.class);

  private final Duration limit;
  private final List<Registered> all = new CopyOnWriteArrayList<>();

  /** A control, the right to call it, and its name as it told it in its own thread. */
  private record Registered(GuestControl control, Semaphore turn, AtomicReference<String> name) {
    Registered(GuestControl control) {
      this(control, new Semaphore(1), new AtomicReference<>(control.getClass().getName()));
    }
  }

  /** Nobody can ask the guest yet. */
  public GuestControls() {
    this(Duration.ofSeconds(10));
  }

  /**
   * @param limit how long a call may take
   */
  GuestControls(Duration limit) {
    this.limit = limit;
  }

  /** Adds one that can be asked from now on. */
  public void add(GuestControl control) {
    all.add(new Registered(control));
  }

  /** Removes one: it is asked no more. */
  @SuppressWarnings("ReferenceEquality") // a service is itself
  public void remove(GuestControl control) {
    all.removeIf(one -> one.control() == control);
  }

  /** Returns whether there is one. */
  public boolean isThere() {
    return !all.isEmpty();
  }

  /**
   * Calls the first control.
   *
   * @param what what it is asked to do, such as {@code reset the guest}
   * @throws RefusedException if there is none, or it fails
   * @throws BusyException if it does not return in time; it may still do what it was asked
   */
  void call(String what, Consumer<GuestControl> call) throws AdminException {
    Registered asked =
        first()
            .orElseThrow(
                () ->
                    new RefusedException(
                        "nobody here can "
                            + what
                            + ": the emulator has to register a GuestControl for that"));
    long end = System.nanoTime() + limit.toNanos();
    try {
      if (!asked.turn().tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        throw hanging(asked, what);
      }
      begin(asked, call).get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw hanging(asked, what);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new RefusedException(subject(asked) + " did not " + what + ": " + reason(cause), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BusyException(
          "the caller was interrupted while " + subject(asked) + " was asked to " + what);
    }
  }

  private Optional<Registered> first() {
    return all.stream().findFirst();
  }

  /** Begins a call by who has the turn, which ends with it. */
  private static CompletableFuture<?> begin(Registered asked, Consumer<GuestControl> call) {
    CompletableFuture<?> done = new CompletableFuture<>();
    Thread caller =
        Thread.ofPlatform()
            .daemon()
            .name("guest control")
            .unstarted(
                () -> {
                  try {
                    rememberName(asked);
                    call.accept(asked.control());
                    asked.turn().release();
                    done.complete(null);
                  } catch (Throwable e) { // told to the operator, whatever it is
                    asked.turn().release();
                    done.completeExceptionally(e);
                  }
                });
    try {
      caller.start();
    } catch (Throwable e) { // no more threads
      asked.turn().release();
      throw e;
    }
    return done;
  }

  private static void rememberName(Registered asked) {
    try {
      asked.name().set(asked.control().name());
    } catch (RuntimeException | LinkageError e) {
      LOG.debug("{} has no name: {}", asked.name().get(), e.toString());
    }
  }

  private BusyException hanging(Registered asked, String what) {
    return new BusyException(
        subject(asked)
            + " was asked to "
            + what
            + ", and has not returned from that, or from what others asked it before, within "
            + limit.toSeconds()
            + " s; look at the emulator, and try again");
  }

  private static String subject(Registered asked) {
    return "the emulator (" + asked.name().get() + ")";
  }

  private static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isBlank() ? cause.toString() : message;
  }
}
