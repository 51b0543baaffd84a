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
import java.util.function.Consumer;

/**
 * Those who can ask the guest. Each is called in a thread of its own, one call at a time, and
 * nobody waits for one that hangs. Thread-safe.
 */
public final class GuestControls {
  private final Duration limit;
  private final List<Registered> all = new CopyOnWriteArrayList<>();

  /** A control, and the right to call it. */
  private record Registered(GuestControl control, Semaphore turn) {}

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
    all.add(new Registered(control, new Semaphore(1)));
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
    CompletableFuture<?> done = begin(asked, what, call);
    try {
      done.get(limit.toNanos(), TimeUnit.NANOSECONDS);
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

  private CompletableFuture<?> begin(Registered asked, String what, Consumer<GuestControl> call)
      throws BusyException {
    if (!asked.turn().tryAcquire()) {
      throw hanging(asked, what);
    }
    CompletableFuture<?> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("guest control")
        .start(
            () -> {
              try {
                call.accept(asked.control());
                asked.turn().release();
                done.complete(null);
              } catch (Throwable e) { // told to the operator, whatever it is
                asked.turn().release();
                done.completeExceptionally(e);
              }
            });
    return done;
  }

  private BusyException hanging(Registered asked, String what) {
    return new BusyException(
        subject(asked)
            + " was asked to "
            + what
            + ", and has not returned from that, or from what it was asked before, within "
            + limit.toSeconds()
            + " s; look at the emulator, and try again");
  }

  private static String subject(Registered asked) {
    String name;
    try {
      name = asked.control().name();
    } catch (RuntimeException | LinkageError e) {
      name = asked.control().getClass().getName();
    }
    return "the emulator (" + name + ")";
  }

  private static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isBlank() ? cause.toString() : message;
  }
}
