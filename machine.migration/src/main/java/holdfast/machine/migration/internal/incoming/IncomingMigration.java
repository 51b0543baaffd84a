package holdfast.machine.migration.internal.incoming;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.api.RegionState;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.Backend;
import holdfast.machine.core.DeviceStates;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.channel.ChannelException;
import holdfast.machine.migration.internal.channel.Deadline;
import holdfast.machine.migration.internal.course.Offers;
import holdfast.machine.migration.internal.course.Progress;
import holdfast.machine.migration.internal.course.States;
import holdfast.machine.migration.internal.handover.HandedOver;
import holdfast.machine.migration.internal.handover.HandoverFormat;
import holdfast.machine.migration.internal.ownership.Proof;
import holdfast.machine.migration.internal.peer.FrameType;
import holdfast.machine.migration.internal.peer.Frames;
import holdfast.machine.migration.internal.peer.Offer;
import holdfast.machine.migration.internal.peer.PeerException;
import holdfast.machine.migration.internal.stream.RamStreamFormat;
import holdfast.machine.migration.internal.stream.RamStreamReader;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a guest in over one connection, in the thread that runs it. A connection by which none came
 * leaves the machine waiting for another one; files that were written into are unfinished copies.
 */
public final class IncomingMigration implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(IncomingMigration.class);

  /** How long a peer may take to say what it is and has. */
  private static final Duration INTRODUCTION = Duration.ofSeconds(10);

  /** How long a source may be silent while it sends. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  /** How long a source may take to hand the guest over once all is here. */
  private static final Duration HANDOVER = Duration.ofSeconds(60);

  /** How long an emulator may take to be ready once it has its memory; the source waits longer. */
  private static final Duration EMULATOR = Duration.ofSeconds(10);

  /** The first two bytes of a client that begins with TLS. */
  private static final int TLS_HELLO = 0x1603;

  /** What may come of a QEMU behind RAM, the state of its devices. */
  private static final long MOST_BEHIND = 256L << 20;

  private final Order order;
  private final Progress progress;
  private final Custody custody;
  private final CountDownLatch ended = new CountDownLatch(1);

  /** The checksum of the memory that came. */
  private long sum;

  /**
   * What to take in.
   *
   * @param states the emulator's parts
   * @param from where it comes in
   * @param sender what is known of who sends it, for the notes: a reader is to look there
   * @param channel in blocking mode; closed at the end
   * @param answers whether the peer hears what is said; a file doesn't
   * @param turn asks for the only right to come in; ends with the machine, or by {@link #giveBack}
   * @param giveBack gives that back
   */
  public record Order(
      Machine machine,
      GuestWriters writers,
      AdminEvents events,
      DeviceStates states,
      String from,
      String sender,
      ByteChannel channel,
      boolean answers,
      BooleanSupplier turn,
      Runnable giveBack) {}

  /** Makes one that is to be run. */
  public IncomingMigration(Order order) {
    this.order = order;
    this.progress =
        new Progress(
            order.events(),
            true,
            order.from(),
            new ByteSize(
                regions(order.machine()).stream()
                    .mapToLong(region -> region.size().bytes())
                    .sum()));
    this.custody = new Custody(order, progress);
  }

  private static List<Region> regions(Machine machine) {
    return machine.backends().stream()
        .map(Backend::region)
        .filter(region -> !region.spec().has(RamFlag.RAM_READONLY))
        .filter(region -> !HandedOver.isInherited(region))
        .toList();
  }

  /** Returns how far it is. */
  public Progress progress() {
    return progress;
  }

  /** Ends it by closing the connection, unless all is here. */
  public void cancel() {
    if (!custody.isReady()) {
      closeChannel();
    }
  }

  /**
   * Waits for its end.
   *
   * @param end until when, by {@link System#nanoTime}
   */
  boolean awaitEnd(long end) throws InterruptedException {
    return ended.await(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
  }

  /** Ends it with the machine: the guest doesn't come to be here any more. */
  void end() {
    custody.end();
    closeChannel();
  }

  private void closeChannel() {
    try {
      order.channel().close();
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
    }
  }

  @Override
  public void run() {
    try {
      byte[] first = introduction();
      int magic = ByteBuffer.wrap(first).getInt();
      if (magic == RamStreamFormat.MAGIC && order.answers()) {
        attempt(() -> fromQemu(first));
      } else if (magic == Frames.MAGIC) {
        fromMachine();
      } else if (magic == HandoverFormat.MAGIC && order.answers()) {
        handedOverAgain();
      } else {
        LOG.warn(
            "somebody at {} sends no migration: {}",
            order.from(),
            magic >>> Short.SIZE == TLS_HELLO
                ? "it begins with TLS, and nobody here has said with x-holdfast-tls-dir who this side is"
                : "0x" + Integer.toHexString(magic));
      }
    } catch (IOException e) {
      LOG.warn("a connection to {} brought no guest: {}", order.from(), e.getMessage());
    } catch (RuntimeException | Error e) {
      LOG.error("a connection to {} brought no guest", order.from(), e);
    } finally {
      closeChannel();
      ended.countDown();
    }
  }

  private byte[] introduction() throws IOException {
    ByteBuffer first = ByteBuffer.allocate(Integer.BYTES);
    try (Deadline limit = introductionLimit()) {
      try {
        while (first.hasRemaining()) {
          if (order.channel().read(first) < 0) {
            throw new EOFException("it was closed before anything was said");
          }
        }
      } catch (IOException e) {
        throw limit.explained(e);
      }
    }
    return first.array();
  }

  /**
   * Tells a source that tries once more that its files are here already, if some are; what it hands
   * over now the kernel closes. Whether they are still the same is seen from its offer.
   */
  private void handedOverAgain() throws IOException {
    try (Deadline limit = introductionLimit()) {
      HandoverFormat.dropEntries(order.channel());
      HandoverFormat.answer(
          order.channel(), isHandedOver() ? "" : "this machine has opened its memory by itself");
      limit.requireMet();
    }
  }

  private Deadline introductionLimit() {
    return Deadline.closing(order.channel(), INTRODUCTION, "the peer did not say what it sends");
  }

  /** A way to come in. */
  private interface Way {
    void in() throws IOException;
  }

  /** Takes the guest in, and sees to what is left if it fails. */
  private void attempt(Way way) throws IOException {
    try {
      way.in();
    } catch (IOException | RuntimeException | Error e) {
      if (!custody.isReady()) {
        custody.leave();
      }
      progress.failUnlessEnded(e.getMessage() == null ? e.toString() : e.getMessage());
      throw e;
    }
  }

  private void fromMachine() throws IOException {
    Frames frames = new Frames(order.channel());
    try {
      attempt(() -> fromMachine(frames));
    } catch (IOException | RuntimeException | Error e) {
      refuse(frames, e);
      throw e;
    }
  }

  private void refuse(Frames frames, Throwable why) {
    if (order.answers() && order.channel().isOpen() && !(why instanceof PeerException)) {
      try (Deadline _ = introductionLimit()) {
        String sentence = why.getMessage();
        frames.send(FrameType.REFUSE, sentence == null ? why.toString() : sentence);
      } catch (IOException e) {
        LOG.debug("the source was not told: {}", e.toString());
      }
    }
  }

  private void fromMachine(Frames frames) throws IOException {
    Offer offered;
    try (Deadline limit = introductionLimit()) {
      try {
        offered = Offer.read(frames.receive(FrameType.OFFER, Offer.LONGEST));
      } catch (IOException e) {
        throw limit.explained(e);
      }
    }
    custody.enter();
    States states = states(offered);
    Optional<String> mismatch =
        offered.mismatch(
            Offers.of(order.machine(), offered.id(), "", states, HandedOver::isInherited),
            states::loads);
    if (mismatch.isPresent() || !Proof.isWellFormed(offered.proofHash())) {
      throw new IOException(mismatch.orElse("the source gives no digest of its proof"));
    }
    ReceivedMemory memory =
        new ReceivedMemory(regions(order.machine()), false, true, progress, custody::begin);
    guarded(
        memory,
        () -> {
          custody.prepare(offered.id(), offered.proofHash());
          if (order.answers()) {
            frames.send(FrameType.ACCEPT, new byte[0]);
          }
          receive(frames, memory, states);
        });
    if (order.answers()) {
      await(frames);
    } else {
      custody.own();
    }
  }

  /**
   * Returns the states of the emulator's parts. It may have got its memory just now, and still be
   * making them: this machine can be reached as soon as it is open.
   */
  private States states(Offer offered) throws IOException {
    try {
      order.states().await(offered.states().size(), EMULATOR);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("it was interrupted", e);
    }
    return States.of(order.states().list());
  }

  private void requireInheritedIsSound() throws IOException {
    for (Region region : HandedOver.inherited(order.machine())) {
      if (region.state() == RegionState.FAILED) {
        throw new IOException(
            "memory backend '" + region.id() + "' has failed here: " + region.status().note());
      }
    }
  }

  private boolean isHandedOver() {
    return !HandedOver.inherited(order.machine()).isEmpty();
  }

  /** Does what may fail before all is here; then nothing was. */
  private void guarded(ReceivedMemory memory, Way way) throws IOException {
    boolean whole = false;
    String why = "it was interrupted";
    try (Silence silence = Silence.watch(order.channel(), SILENCE, memory)) {
      try {
        way.in();
        whole = true;
      } catch (IOException e) {
        IOException explained = silence.explained(e);
        why = explained.getMessage() == null ? explained.toString() : explained.getMessage();
        throw explained;
      } catch (InternalError e) {
        why = memory.diagnosis(e);
        throw new IOException(why, e);
      } catch (RuntimeException | Error e) {
        why = e.toString();
        throw e;
      }
    } finally {
      if (!whole) {
        custody.abandon(memory.isWritten());
        progress.failUnlessEnded(why);
      }
    }
  }

  private void receive(Frames frames, ReceivedMemory memory, States states) throws IOException {
    Frames.RamInput input = frames.ramInput();
    RamStreamReader reader = new RamStreamReader(input, memory);
    reader.read();
    reader.dropRest(MOST_BEHIND);
    memory.requireAll();
    progress.enter(MigrationState.DEVICE);
    List<States.Came> came = new ArrayList<>();
    while (true) {
      Frames.Frame frame = frames.receive(States.LONGEST);
      if (frame.type() == FrameType.STATE && came.size() < states.all().size()) {
        came.add(States.Came.read(frame.content()));
      } else if (frame.type() == FrameType.END && frame.content().length == 1) {
        custody.ranThere(frame.content()[0] != 0);
        break;
      } else {
        throw new PeerException("the source sends " + frame.type() + " where states were to come");
      }
    }
    memory.whileWorking(
        () -> {
          memory.persist();
          states.load(came);
        });
    requireInheritedIsSound();
    sum = input.sum();
    if (order.answers()) {
      custody.received();
    }
  }

  /** Says that all is here, and waits for the proof that the guest has left the source. */
  private void await(Frames frames) throws IOException {
    String proof;
    try (Deadline limit =
        Deadline.closing(order.channel(), HANDOVER, "the source did not say whether it lets go")) {
      try {
        sayReady(frames);
        Frames.Frame frame = frames.receive(Offer.LONGEST);
        proof = frame.text();
        if (frame.type() != FrameType.MOVED || !custody.isProof(proof)) {
          throw new PeerException("what the source shows is not its proof");
        }
      } catch (PeerException e) {
        if (e.isAbort()) {
          custody.disown(e.getMessage() + "");
        } else {
          custody.undecided(e);
        }
        throw e;
      } catch (IOException e) {
        custody.undecided(limit.explained(e));
        throw limit.explained(e);
      } catch (RuntimeException | Error e) {
        custody.undecided(new IOException(e.toString(), e));
        throw e;
      }
    }
    custody.own();
    try (Deadline _ = introductionLimit()) {
      frames.send(FrameType.OWNED, new byte[0]);
    } catch (IOException e) {
      LOG.warn("the source was not told that the guest goes on here: {}", e.toString());
    }
  }

  /**
   * Says that all is here; a source that gives up may not hear it, and what it says is read next.
   */
  private void sayReady(Frames frames) {
    try {
      frames.send(FrameType.READY, ByteBuffer.allocate(Long.BYTES).putLong(sum).array());
    } catch (IOException e) {
      LOG.debug("the source was not told that all is here: {}", e.toString());
    }
  }

  /**
   * Says where the guest is, of a migration that is undecided.
   *
   * @param proof what the source shows, or {@link MigrationAdmin#SOURCE_LOST}
   * @return false if the proof is not the source's
   * @throws IOException if the machine is ending
   */
  public boolean decide(boolean here, String proof) throws IOException {
    return custody.decide(here, proof);
  }

  private void fromQemu(byte[] first) throws IOException {
    if (isHandedOver()) {
      throw new IOException(
          "a QEMU's guest can't come into memory that another machine's guest still uses");
    }
    ReceivedMemory memory =
        new ReceivedMemory(
            used(),
            true,
            false,
            progress,
            () -> {
              custody.enter();
              custody.begin();
            });
    guarded(
        memory,
        () -> {
          custody.prepare(UUID.randomUUID(), "");
          RamStreamReader reader =
              new RamStreamReader(new Prefixed(first, order.channel()), memory);
          reader.read();
          memory.requireAll();
          progress.enter(MigrationState.DEVICE);
          dropDevices(reader);
          memory.whileWorking(memory::persist);
          custody.received();
        });
    custody.undecided( // stopped in any case: its devices' state is none of ours
        "all memory of the QEMU is here, and whether its migration is completed can't be heard: ask it"
            + " by its query-migrate, and then say here ram:migrate_decide here if it is, or elsewhere"
            + " if it is not");
  }

  /** Drops the state of a QEMU's devices, and waits until it closes the connection. */
  private void dropDevices(RamStreamReader reader) throws IOException {
    boolean ended;
    try {
      ended = reader.dropRest(MOST_BEHIND);
    } catch (ChannelException e) {
      // All of RAM has come by then. Over TLS a QEMU (7.2) ends without saying so.
      LOG.info("the QEMU at {} ended its migration: {}", order.from(), e.getMessage());
      ended = true;
    }
    if (!ended) {
      throw new IOException("the QEMU sends more behind RAM than any machine has");
    }
  }

  /** Returns the regions that a QEMU would have as RAM blocks. */
  private List<Region> used() {
    Machine machine = order.machine();
    return machine.backends().stream()
        .filter(backend -> !machine.users(backend).isEmpty())
        .map(Backend::region)
        .filter(region -> !region.spec().has(RamFlag.RAM_READONLY))
        .filter(region -> !HandedOver.isInherited(region))
        .toList();
  }
}
