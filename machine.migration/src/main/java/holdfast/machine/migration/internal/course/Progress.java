package holdfast.machine.migration.internal.course;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MigratedRam;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.migration.internal.stream.PageCount;
import java.time.Duration;
import java.util.Optional;

/** How far one migration is, and what it came to. Each step is an event. Thread-safe. */
public final class Progress {
  private final AdminEvents events;
  private final boolean incoming;
  private final String address;
  private final ByteSize total;
  private final long began = System.nanoTime();
  private MigrationState state = MigrationState.NONE;
  private Optional<String> error = Optional.empty();
  private MigratedRam ram = MigratedRam.NONE;
  private Optional<Duration> time = Optional.empty();
  private Optional<Duration> setup = Optional.empty();
  private Optional<Long> stopped = Optional.empty();
  private Optional<Duration> downtime = Optional.empty();
  private Optional<Duration> expected = Optional.empty();

  /**
   * @param events receives each step
   * @param address where memory goes to or comes from
   * @param total the size of all memory
   */
  public Progress(AdminEvents events, boolean incoming, String address, ByteSize total) {
    this.events = events;
    this.incoming = incoming;
    this.address = address;
    this.total = total;
  }

  /** Enters another state. */
  public synchronized void enter(MigrationState next) {
    if (next == MigrationState.ACTIVE) {
      setup = Optional.of(since(began));
    }
    become(next);
  }

  /** Says that the guest writers are being stopped now. */
  public synchronized void stopping() {
    stopped = Optional.of(System.nanoTime());
  }

  /** Ends a round. */
  public synchronized void round(Duration expectedDowntime, long dirtyRate, long bytesPerSecond) {
    expected = Optional.of(expectedDowntime);
    ram =
        new MigratedRam(
            total,
            ram.transferred(),
            ram.remaining(),
            ram.normalPages(),
            ram.zeroPages(),
            ram.rounds() + 1,
            dirtyRate / 4096,
            bytesPerSecond);
    publish();
  }

  /** Says how much was sent or received by now. */
  public synchronized void moved(PageCount count, long remaining) {
    ram =
        new MigratedRam(
            total,
            new ByteSize(count.bytes()),
            new ByteSize(Math.max(0, remaining)),
            count.normal(),
            count.zero(),
            ram.rounds(),
            ram.dirtyPagesRate(),
            ram.bytesPerSecond());
  }

  /** Ends it well: the guest is where it was to go. */
  public synchronized void complete() {
    end(MigrationState.COMPLETED, Optional.empty());
  }

  /**
   * Ends it otherwise.
   *
   * @param sentence why, for the operator
   */
  public synchronized void end(MigrationState last, String sentence) {
    end(last, Optional.of(sentence));
  }

  /** Ends it as failed, unless it has ended. */
  public synchronized void failUnlessEnded(String sentence) {
    if (state.isUnderWay()) {
      end(MigrationState.FAILED, Optional.of(sentence));
    }
  }

  private void end(MigrationState last, Optional<String> sentence) {
    if (time.isEmpty()) { // what is decided later takes none of it
      time = Optional.of(since(began));
      downtime = stopped.map(Progress::since);
    }
    expected = Optional.empty();
    error = sentence;
    become(last);
  }

  private void become(MigrationState next) {
    boolean over = time.isPresent() && next.isUnderWay(); // a late word of one that has ended
    if (next != state && !over) {
      state = next;
      publish();
    }
  }

  private void publish() {
    events.publish(new AdminEvent.MigrationProgressed(status()));
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }

  /** Returns how far it is. */
  public synchronized MigrationStatus status() {
    return new MigrationStatus(
        state,
        incoming,
        address,
        error,
        ram.total().equals(total) ? ram : withTotal(),
        time.orElseGet(() -> since(began)),
        setup,
        downtime,
        expected);
  }

  private MigratedRam withTotal() {
    return new MigratedRam(total, ByteSize.ZERO, ByteSize.ZERO, 0, 0, 0, 0, 0);
  }
}
