package holdfast.machine.migration.internal.incoming;

import holdfast.backend.api.ByteSize;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.Machine;
import holdfast.machine.migration.internal.course.Offers;
import holdfast.machine.migration.internal.course.Progress;
import holdfast.machine.migration.internal.course.States;
import holdfast.machine.migration.internal.peer.FrameType;
import holdfast.machine.migration.internal.peer.Frames;
import holdfast.machine.migration.internal.peer.Offer;
import holdfast.machine.migration.internal.stream.RamBlockEntry;
import holdfast.machine.migration.internal.stream.RamStreamFormat;
import holdfast.machine.migration.internal.stream.RamStreamReader;
import holdfast.machine.migration.internal.stream.RamStreamWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes in what nobody sent, into memory of nobody, while a machine waits for its guest. What a
 * guest's migration runs through is then loaded, linked and compiled: else that takes 0.2 s of a
 * processor, part of it while the guest is stopped. Once for each process; thread-safe.
 */
final class Rehearsal {
  private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final String BLOCK = "rehearsal";
  private static final int PAGES = 256;

  /** A JVM optimizes what was called 20,000 times, with the options of ./holdfast. */
  private static final int TIMES = 160;

  private final Machine machine;
  private final AdminEvents events;
  private volatile boolean stopped;

  private Rehearsal(Machine machine, AdminEvents events) {
    this.machine = machine;
    this.events = events;
  }

  /** Begins in a thread of its own, unless it has been done. */
  static Rehearsal begin(Machine machine, AdminEvents events) {
    Rehearsal rehearsal = new Rehearsal(machine, events);
    if (BEGUN.compareAndSet(false, true)) {
      try {
        Thread.ofPlatform()
            .daemon()
            .priority(Thread.MIN_PRIORITY)
            .name("holdfast-incoming-rehearsal")
            .start(rehearsal::run);
      } catch (OutOfMemoryError e) { // no thread can be made
        LOG.debug("{}", e.toString());
      }
    }
    return rehearsal;
  }

  /** Ends it soon: the guest comes. */
  void stop() {
    stopped = true;
  }

  private void run() {
    try {
      Offer offer = Offers.of(machine, UUID.randomUUID(), "", States.of(List.of()), _ -> false);
      rehearse(offer, events, () -> stopped);
    } catch (IOException | RuntimeException e) {
      LOG.debug("a migration could not be rehearsed: {}", e.toString());
    }
  }

  /**
   * Takes in what fits the offer, again and again.
   *
   * @return how often
   */
  static int rehearse(Offer offer, AdminEvents events, BooleanSupplier stopped) throws IOException {
    Recording recording = new Recording();
    record(offer, new Frames(recording));
    int times = 0;
    while (times < TIMES && !stopped.getAsBoolean()) {
      recording.rewind();
      play(offer, events, new Frames(recording));
      times++;
    }
    return times;
  }

  private static void record(Offer offer, Frames frames) throws IOException {
    frames.send(FrameType.OFFER, offer.json());
    MemorySegment memory =
        MemorySegment.ofArray(new byte[PAGES * RamStreamFormat.TARGET_PAGE_SIZE]);
    memory.asSlice(memory.byteSize() / PAGES).fill((byte) 1); // the first page is zero
    Frames.RamOutput to = frames.ramOutput();
    RamStreamWriter writer =
        new RamStreamWriter(to, List.of(new RamBlockEntry(BLOCK, memory.byteSize())));
    writer.start("none");
    writer.write(0, memory, 0, memory.byteSize());
    writer.finish();
    to.end();
    frames.send(FrameType.END, new byte[] {1});
  }

  private static void play(Offer offer, AdminEvents events, Frames frames) throws IOException {
    Offer.read(frames.receive(FrameType.OFFER, Offer.LONGEST)).mismatch(offer, (_, _) -> true);
    ReceivedMemory memory =
        new ReceivedMemory(
            Map.of(
                BLOCK, MemorySegment.ofArray(new byte[PAGES * RamStreamFormat.TARGET_PAGE_SIZE])),
            new Progress(events, true, "", ByteSize.ZERO));
    RamStreamReader reader = new RamStreamReader(frames.ramInput(), memory);
    reader.read();
    reader.dropRest(Long.MAX_VALUE);
    memory.requireAll();
    frames.receive(FrameType.END, 1);
  }

  /** What was written, to be read again and again. */
  private static final class Recording implements ByteChannel {
    private final ByteBuffer content =
        ByteBuffer.allocate(Offer.LONGEST + (PAGES + 1) * (RamStreamFormat.TARGET_PAGE_SIZE + 64));

    private int end;

    void rewind() {
      end = Math.max(end, content.position());
      content.position(0).limit(end);
    }

    @Override
    public int write(ByteBuffer from) {
      int length = from.remaining();
      content.put(from);
      return length;
    }

    @Override
    public int read(ByteBuffer into) {
      int length = Math.min(into.remaining(), content.remaining());
      into.put(content.slice(content.position(), length));
      content.position(content.position() + length);
      return length == 0 ? -1 : length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
