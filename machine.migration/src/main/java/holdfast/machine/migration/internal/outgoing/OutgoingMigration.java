package holdfast.machine.migration.internal.outgoing;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.RegionState;
import holdfast.machine.copy.Cancellation;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.copy.PreCopyLoop;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.course.Hold;
import holdfast.machine.migration.internal.course.NotedFiles;
import holdfast.machine.migration.internal.course.Offers;
import holdfast.machine.migration.internal.course.Progress;
import holdfast.machine.migration.internal.course.States;
import holdfast.machine.migration.internal.ownership.MigrationId;
import holdfast.machine.migration.internal.ownership.Proof;
import holdfast.machine.migration.internal.ownership.SourceNotes;
import holdfast.machine.migration.internal.stream.PageCount;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a machine's guest away, in a thread of its own. Until the commit every failure leaves the
 * guest here, as it was; after it the guest never goes on here.
 */
public final class OutgoingMigration implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(OutgoingMigration.class);

  /** How long the writers may take to stop. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** How long a cancelled transfer may take to notice it before its connection is closed. */
  private static final Duration NOTICE = Duration.ofSeconds(2);

  private final Order order;
  private final Progress progress;
  private final GuestStop stop;
  private final MigrationId id;
  private final Proof proof = Proof.random();
  private final SourceNotes notes;
  private final Cancellation cancellation = new Cancellation();
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.SENDING);
  private final Thread thread;
  private volatile @Nullable ByteChannel channel;
  private @Nullable OutgoingRam ram;

  /** Whether it is noted that the guest has left. Used by the thread alone. */
  private boolean committed;

  private enum Phase {
    /** It can be cancelled. */
    SENDING,
    /** It was cancelled. */
    CANCELLED,
    /** The owner is changing, or has changed. */
    COMMITTED
  }

  /**
   * What to send.
   *
   * @param hold of the machine; closed when the guest stays here
   * @param states the emulator's parts
   * @param to the address as it was written
   * @param peer connects to it; for a QEMU and a file, too
   * @param kind what is at the other end
   * @param handed tells which memory is handed over as a file
   * @param parameters what holds by now
   */
  public record Order(
      Machine machine,
      GuestWriters writers,
      AdminEvents events,
      Hold hold,
      List<DeviceState> states,
      String to,
      Peer peer,
      Kind kind,
      Predicate<Region> handed,
      Supplier<MigrationParameters> parameters) {}

  /** Connects to the destination. */
  @FunctionalInterface
  public interface Peer {
    /**
     * Connects, within a limit of its own.
     *
     * @throws GivenUpException if that was cancelled
     */
    Link connect(Cancellation cancellation) throws IOException, GivenUpException;
  }

  /** What is at the other end. */
  public enum Kind {
    /** A machine of Holdfast, which answers. */
    MACHINE,
    /** A file, which a machine of Holdfast reads later. */
    FILE,
    /** A QEMU, which takes RAM alone and answers nothing. */
    QEMU
  }

  /**
   * Makes one that {@link #start} starts.
   *
   * @throws IOException if it can't be known where notes have to be
   */
  public OutgoingMigration(Order order) throws IOException {
    this.order = order;
    this.progress =
        new Progress(
            order.events(),
            false,
            order.to(),
            new ByteSize(regions(order).stream().mapToLong(region -> region.size().bytes()).sum()));
    this.stop = new GuestStop(order.machine(), order.writers(), order.events());
    this.id = new MigrationId(UUID.randomUUID(), order.to(), Instant.now());
    this.notes =
        new SourceNotes(
            order.kind() == Kind.FILE ? List.of() : NotedFiles.of(order.machine(), order.handed()),
            id,
            proof);
    this.thread = Thread.ofPlatform().daemon().name("holdfast-migration").unstarted(this);
  }

  /**
   * Returns the regions that are sent: none that both sides have, as what is read-only; to a QEMU,
   * which knows no others, those that are in use.
   */
  private static List<Region> regions(Order order) {
    Machine machine = order.machine();
    return machine.backends().stream()
        .filter(backend -> order.kind() != Kind.QEMU || !machine.users(backend).isEmpty())
        .map(Backend::region)
        .filter(region -> !region.spec().has(RamFlag.RAM_READONLY))
        .filter(order.handed().negate())
        .toList();
  }

  /** Returns how far it is. */
  public Progress progress() {
    return progress;
  }

  /** Starts it. */
  public void start() {
    progress.enter(MigrationState.SETUP);
    boolean started = false;
    try {
      thread.start();
      started = true;
    } finally {
      if (!started) { // no thread can be made
        progress.end(MigrationState.FAILED, "the host has no thread for it");
      }
    }
  }

  /** Waits for its end. */
  public boolean await(Duration limit) throws InterruptedException {
    return thread.join(limit);
  }

  /**
   * Cancels it, unless the owner is changing.
   *
   * @param why half a sentence
   */
  public void cancel(String why) {
    if (!phase.compareAndSet(Phase.SENDING, Phase.CANCELLED)) {
      return;
    }
    progress.enter(MigrationState.CANCELLING);
    cancellation.cancel(why);
    Thread.ofVirtual().start(this::closeLate);
  }

  /** Closes the connection of a transfer that doesn't notice that it was cancelled. */
  private void closeLate() {
    try {
      boolean ended = thread.join(NOTICE);
      ByteChannel open = channel;
      if (!ended && open != null) {
        open.close();
      }
    } catch (IOException | InterruptedException e) {
      LOG.debug("{}", e.toString());
    }
  }

  @Override
  public void run() {
    boolean gone = false;
    try (Link link = order.peer().connect(cancellation)) {
      channel = link.channel();
      cancellation.throwIfCancelled(); // while it connected nobody could close it
      gone = send(link);
    } catch (Exception | Error e) { // an Error, too: the guest must not stay stopped
      gone = committed || isGone();
      if (gone || phase.get() == Phase.COMMITTED) {
        LOG.error("the connection of a migration that is done: {}", e.toString());
      } else {
        fail(e);
      }
    } finally {
      endTracking();
      if (!gone) {
        notes.close();
        order.hold().close();
      }
    }
  }

  private void endTracking() {
    OutgoingRam sent = ram;
    ram = null;
    try {
      if (sent != null) {
        sent.close();
      }
    } catch (RuntimeException e) {
      LOG.error("the tracking for the migration to {} did not end", order.to(), e);
    }
  }

  private boolean isGone() {
    return switch (order.machine().standing().ownership()) {
      case MOVED, UNDECIDED -> true;
      case OWNER, AWAITED, LEAVING -> false;
    };
  }

  /** Sends all; returns whether the guest is, or may be, elsewhere. */
  private boolean send(Link link)
      throws IOException, GivenUpException, RamBlockException, InterruptedException {
    return switch (order.kind()) {
      case QEMU -> toQemu(link);
      case FILE -> toFile(link);
      case MACHINE -> toMachine(link);
    };
  }

  private boolean toMachine(Link link)
      throws IOException, GivenUpException, RamBlockException, InterruptedException {
    Conversation said = new Conversation(link);
    try {
      States states = States.of(order.states());
      said.agree(offer(states));
      progress.enter(MigrationState.ACTIVE);
      sendRam(said.ram());
      said.rest(states, stop.ran());
      commit();
    } catch (IOException | GivenUpException | RamBlockException | RuntimeException | Error e) {
      if (!committed) {
        said.givingUp(e);
      }
      throw e;
    }
    confirm(said);
    return true;
  }

  private byte[] offer(States states) throws IOException {
    return Offers.of(order.machine(), id.id(), proof.sha256(), states, order.handed()).json();
  }

  /** Sends RAM; the guest is stopped at the end. */
  private void sendRam(WritableByteChannel to)
      throws IOException, GivenUpException, RamBlockException, InterruptedException {
    OutgoingRam sending =
        new OutgoingRam(
            regions(order), order.writers(), this::limits, new Watched(), cancellation, to);
    ram = sending; // closed when the guest does not wait for it
    sending.run(order.parameters().get().peerMachine());
    requireHealthy();
    progress.enter(MigrationState.DEVICE);
  }

  /**
   * Checks that what was sent is what the guest had stored: memory that has failed may be stale.
   */
  private void requireHealthy() throws IOException {
    for (Backend backend : order.machine().backends()) {
      Region region = backend.region();
      if (region.spec().has(RamFlag.RAM_READONLY)) {
        continue;
      }
      region.checkWriteBack();
      if (region.state() == RegionState.FAILED) {
        throw new IOException(
            "memory backend '" + region.id() + "' has failed meanwhile: " + region.status().note());
      }
    }
  }

  private OutgoingLimits limits() {
    MigrationParameters now = order.parameters().get();
    return new OutgoingLimits(now.downtimeLimit(), now.maxBandwidth(), PAUSE, Conversation.REST);
  }

  /** Lets nobody cancel it any more. */
  private void pointOfNoReturn() throws GivenUpException {
    if (!phase.compareAndSet(Phase.SENDING, Phase.COMMITTED)) {
      throw new GivenUpException("it was cancelled");
    }
  }

  /** Changes the owner: from here on the guest is not here. */
  private void commit() throws IOException, GivenUpException {
    handedOver().forEach(Region::lend);
    try {
      requireHealthy(); // as it is when the last persist here has ended
      pointOfNoReturn();
      try {
        notes.commit();
        committed = true;
      } finally {
        if (!committed) {
          phase.set(Phase.SENDING); // the proof is never told
        }
      }
    } finally {
      if (!committed) {
        handedOver().forEach(Region::takeBack);
      }
    }
    stop.keep(Ownership.MOVED);
  }

  private List<Region> handedOver() {
    return order.machine().backends().stream().map(Backend::region).filter(order.handed()).toList();
  }

  /** Tells the destination that the guest is there, and hears that it goes on. */
  private void confirm(Conversation said) {
    try {
      said.moved(proof.text());
      notes.end(); // before it is told: who hears of it may decide otherwise, which deletes them
      progress.complete();
    } catch (IOException | RuntimeException | Error e) { // whatever it is, the guest has left
      notes.end();
      progress.end(
          MigrationState.UNDECIDED,
          "the guest has left for "
              + order.to()
              + ", and whether it goes on there was not heard ("
              + reason(e)
              + "): look there, and if it waits, tell it: ram:migrate_decide here "
              + proof.text());
    }
  }

  private boolean toFile(Link link)
      throws IOException, GivenUpException, RamBlockException, InterruptedException {
    Conversation said = new Conversation(link);
    States states = States.of(order.states());
    said.offer(offer(states));
    progress.enter(MigrationState.ACTIVE);
    sendRam(said.ram());
    said.send(states, stop.ran());
    pointOfNoReturn();
    link.complete();
    stop.keep(Ownership.OWNER); // a snapshot: the guest is here, and stopped as QEMU's would be
    endTracking();
    order.hold().close();
    progress.complete();
    return false;
  }

  private boolean toQemu(Link link)
      throws IOException, GivenUpException, RamBlockException, InterruptedException {
    progress.enter(MigrationState.ACTIVE);
    sendRam(link.channel());
    link.complete();
    // Noted before it is decided: after a crash nobody shall start from what a QEMU may have.
    commit();
    stop.keep(Ownership.UNDECIDED);
    progress.end(
        MigrationState.UNDECIDED,
        "the QEMU at "
            + order.to()
            + " was sent everything, and answers nothing: ask it by its query-migrate, and then say"
            + " here ram:migrate_decide elsewhere if it has the guest, or here if it has not");
    return true;
  }

  /**
   * Says where the guest of an undecided migration is.
   *
   * @param here whether it goes on here
   * @param lost {@link MigrationAdmin#DESTINATION_LOST} if the destination is
   * @return false if it can't go on here any more
   */
  public boolean decide(boolean here, String lost) {
    boolean open = order.machine().standing().ownership() == Ownership.UNDECIDED;
    if (!here) {
      notes.end();
      if (open) {
        stop.keep(Ownership.MOVED);
      }
      progress.complete();
      return true;
    }
    if (!open && !lost.equals(MigrationAdmin.DESTINATION_LOST)) {
      return false;
    }
    notes.abandon();
    handedOver().forEach(Region::takeBack);
    stop.undo();
    order.hold().close();
    progress.end(MigrationState.FAILED, "it was decided that the guest is here");
    return true;
  }

  private void fail(Throwable e) {
    if (!handedOver().isEmpty()) {
      // before the guest goes on: whoever finds the process killed sees what the guest did last
      LOG.warn("the migration to {} is given up, and the guest goes on here", order.to());
    }
    notes.abandon();
    stop.undo();
    endTracking();
    order.hold().close(); // who hears that it failed may try again at once
    if (phase.get() == Phase.CANCELLED) {
      progress.end(MigrationState.CANCELLED, "it was cancelled");
      return;
    }
    if (e instanceof RuntimeException || e instanceof Error) {
      LOG.error("the migration to {} failed", order.to(), e);
    }
    progress.end(
        MigrationState.FAILED,
        order.kind() == Kind.QEMU
            ? reason(e)
                + " (the QEMU must have a machine of the type "
                + order.parameters().get().peerMachine()
                + ", as x-holdfast-peer-machine says)"
            : reason(e));
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
  }

  private String reason(Throwable e) {
    if (e instanceof EOFException) {
      return progress.status().setup().isPresent()
          ? "the destination closed the connection: look at its log"
          : "the destination closed the connection without an answer: look at its log; if it is a"
              + " QEMU, say so with x-holdfast-peer=qemu";
    }
    String sentence = e.getMessage();
    return sentence == null || e instanceof RuntimeException || e instanceof Error
        ? e.toString()
        : sentence;
  }

  /** What the sending of RAM does to the guest, and what is told of it. */
  private final class Watched implements OutgoingRam.Course {
    @Override
    public void aboutToStop() throws IOException {
      notes.prepare();
    }

    @Override
    public void stop(Duration limit) throws GivenUpException, InterruptedException {
      progress.stopping();
      stop.stop(limit);
    }

    @Override
    public void undo() {
      stop.undo();
    }

    @Override
    public void ended(PreCopyLoop.Round round) {
      progress.round(round.pause(), round.dirtyRate(), round.copyRate());
    }

    @Override
    public void sent(PageCount total, long left) {
      progress.moved(total, left);
    }
  }
}
