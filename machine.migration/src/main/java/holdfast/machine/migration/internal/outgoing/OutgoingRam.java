package holdfast.machine.migration.internal.outgoing;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.copy.Cancellation;
import holdfast.machine.copy.DirtyRanges;
import holdfast.machine.copy.DirtySource;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.copy.PreCopyLoop;
import holdfast.machine.copy.Throttle;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.channel.Deadline;
import holdfast.machine.migration.internal.stream.PageCount;
import holdfast.machine.migration.internal.stream.RamBlockEntry;
import holdfast.machine.migration.internal.stream.RamStreamWriter;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Sends regions as a stream: while writers store into them as long as pages can be tracked, and the
 * rest while the writers are stopped. They stay stopped when all was sent, since the receiver may
 * let its own go on from then; if that fails they go on here, and nothing has changed. Used once,
 * by one thread.
 *
 * <p>To end the tracking takes 20 ms for each GiB, since the kernel looks at each page for its
 * mark. So that is the caller's to do, by {@link #close}, when no guest waits for it. The caller
 * sees to it that no region is swapped until then.
 */
final class OutgoingRam implements AutoCloseable {
  /** How much is sent at once: little enough to cancel and throttle in between. */
  private static final long PORTION = 1 << 20;

  /** How much of what can't be tracked is sent to know how long all of it takes. */
  private static final long SAMPLE = 16 << 20;

  private final List<Region> regions;
  private final GuestWriters writers;
  private final Supplier<OutgoingLimits> limits;
  private final Course course;
  private final Cancellation cancellation;
  private final WritableByteChannel to;
  private final RamStreamWriter stream;
  private final Throttle throttle;
  private final List<Optional<DirtySource>> sources = new ArrayList<>();

  /** What can't be tracked, and so is sent while the writers are stopped. */
  private final DirtyBlocks untracked;

  private int rounds;
  private int sending;

  /** What was dirty when the present round began. */
  private long left;

  /** What else happens meanwhile. Called by the thread that sends. */
  interface Course {
    /** Called before the writers are stopped, for what takes long or may fail. */
    void aboutToStop() throws IOException;

    /**
     * Stops the writers.
     *
     * @param limit how long they together may take
     */
    void stop(Duration limit) throws GivenUpException, InterruptedException;

    /** Undoes the stop. */
    void undo();

    /** Called when a round is over. */
    void ended(PreCopyLoop.Round round);

    /**
     * Called after each portion.
     *
     * @param left how many bytes are known to be still to send
     */
    void sent(PageCount total, long left);
  }

  /**
   * @param regions their ids name the blocks
   * @param limits what it may cost by now
   * @param cancellation ends it until the writers are stopped
   * @param to in blocking mode; closed if all is not sent in time
   */
  OutgoingRam(
      List<Region> regions,
      GuestWriters writers,
      Supplier<OutgoingLimits> limits,
      Course course,
      Cancellation cancellation,
      WritableByteChannel to) {
    this.regions = List.copyOf(regions);
    this.writers = writers;
    this.limits = limits;
    this.course = course;
    this.cancellation = cancellation;
    this.to = to;
    this.throttle = new Throttle(() -> limits.get().bandwidth(), cancellation);
    this.untracked = DirtyBlocks.none(regions.size());
    this.stream =
        new RamStreamWriter(
            to,
            regions.stream()
                .map(one -> new RamBlockEntry(one.id().value(), one.size().bytes()))
                .toList());
  }

  /**
   * Sends all.
   *
   * @param machine the receiving machine's type
   * @throws GivenUpException if it was cancelled, a writer doesn't stop, or memory that can't be
   *     tracked, or the rest, takes too long
   * @throws IOException if the receiver doesn't take it
   */
  Sent run(String machine)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    long before = System.nanoTime();
    try {
      stream.start(machine);
      DirtyBlocks pending = open();
      if (pending.bytes() > 0) {
        pending = new PreCopyLoop<>(this::convergence, new Rounds()).run(pending);
      }
      requireWithinDowntime();
      Duration downtime = stopAndSend(pending);
      return new Sent(
          stream.total(), rounds, downtime, Duration.ofNanos(System.nanoTime() - before));
    } catch (InternalError e) {
      throw new GivenUpException(diagnosis(e));
    }
  }

  /** Ends the tracking. */
  @Override
  public void close() {
    sources.forEach(source -> source.ifPresent(DirtySource::close));
    sources.clear();
  }

  private SwapLimits convergence() {
    return SwapLimits.DEFAULT.withDowntime(limits.get().downtime()).withRounds(Integer.MAX_VALUE);
  }

  /** Begins to track; returns what is tracked, which is all dirty. */
  private DirtyBlocks open()
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    DirtyBlocks dirty = DirtyBlocks.none(regions.size());
    for (Region region : regions) {
      int block = sources.size();
      Optional<DirtySource> source =
          cancellation.during(
              () ->
                  DirtySource.open(region, region.status().block(), writers, limits.get().pause()));
      sources.add(source);
      (source.isPresent() ? dirty : untracked).of(block).add(0, region.size().bytes());
    }
    return dirty;
  }

  /**
   * Checks that what can't be tracked is sent within the downtime limit, at the rate of a part of
   * it that is sent now: it is sent again when the writers are stopped.
   */
  private void requireWithinDowntime() throws IOException, GivenUpException {
    if (untracked.bytes() == 0 || writers.areNone() || writers.isStopped()) {
      return;
    }
    DirtyBlocks sample = sample();
    long before = System.nanoTime();
    send(sample, false);
    Duration expected =
        Duration.ofNanos(
            (long) ((double) (System.nanoTime() - before) * untracked.bytes() / sample.bytes()));
    Duration downtime = limits.get().downtime();
    if (expected.compareTo(downtime) > 0) {
      throw new GivenUpException(
          untracked.bytes()
              + " bytes can't be tracked while writers store into them, and to send them while the"
              + " writers are stopped would take about "
              + expected.toMillis()
              + " ms, more than the downtime limit of "
              + downtime.toMillis()
              + " ms: stop the writers first, raise the limit, or let every writer keep a log");
    }
  }

  /** Returns the beginning of what can't be tracked. */
  private DirtyBlocks sample() {
    DirtyBlocks sample = DirtyBlocks.none(regions.size());
    long left = SAMPLE;
    for (int block = 0; block < regions.size() && left > 0; block++) {
      long length = Math.min(left, untracked.of(block).bytes());
      if (length > 0) { // all of the block is untracked, or nothing of it
        sample.of(block).add(0, length);
        left -= length;
      }
    }
    return sample;
  }

  private Duration stopAndSend(DirtyBlocks pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    course.aboutToStop();
    long before = System.nanoTime();
    cancellation.during(
        () -> {
          course.stop(limits.get().pause());
          return true;
        });
    boolean complete = false;
    try {
      sendRest(pending);
      complete = true;
      return Duration.ofNanos(System.nanoTime() - before);
    } finally {
      if (!complete) {
        course.undo();
      }
    }
  }

  private void sendRest(DirtyBlocks pending)
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    for (Optional<DirtySource> source : sources) {
      if (source.isPresent()) {
        source.get().requireAllSeen();
      }
    }
    pending.addAll(collect());
    pending.addAll(untracked);
    cancellation.throwIfCancelled();
    try (Deadline deadline =
        Deadline.closing(
            to,
            limits.get().rest(),
            "while the writers were stopped, the receiver did not take the rest")) {
      try {
        send(pending, false);
        stream.finish();
      } catch (IOException e) {
        throw deadline.explained(e);
      }
      deadline.requireMet();
    }
  }

  /** Returns what was stored into since the last call. */
  private DirtyBlocks collect()
      throws RamBlockException, IOException, GivenUpException, InterruptedException {
    DirtyBlocks found = DirtyBlocks.none(regions.size());
    for (int block = 0; block < sources.size(); block++) {
      DirtyRanges into = found.of(block);
      if (sources.get(block).isPresent()) {
        DirtySource source = sources.get(block).get();
        cancellation.during(
            () -> {
              source.collect(into);
              return true;
            });
      }
    }
    return found;
  }

  private void send(DirtyBlocks dirty, boolean throttled) throws IOException, GivenUpException {
    rounds++;
    left = dirty.bytes();
    for (int block = 0; block < regions.size(); block++) {
      sending = block;
      for (DirtyRanges.Range range : dirty.of(block).list()) {
        send(block, range, throttled);
      }
    }
    stream.endPart();
  }

  private void send(int block, DirtyRanges.Range range, boolean throttled)
      throws IOException, GivenUpException {
    long end = range.offset() + range.length();
    for (long at = range.offset(); at < end; at += PORTION) {
      long before = System.nanoTime();
      long portion = Math.min(PORTION, end - at);
      long bytes = stream.write(block, regions.get(block).segment(), at, portion).bytes();
      left -= portion;
      course.sent(stream.total(), left);
      if (throttled) {
        cancellation.throwIfCancelled();
        throttle.after(bytes, System.nanoTime() - before);
      }
    }
  }

  /** The rounds while writers run. */
  private final class Rounds implements PreCopyLoop.Work<DirtyBlocks> {
    @Override
    public void begin(int round) {}

    @Override
    public long copy(DirtyBlocks dirty) throws IOException, GivenUpException {
      long before = System.nanoTime();
      long waited = throttle.waited();
      send(dirty, true);
      return System.nanoTime() - before - (throttle.waited() - waited);
    }

    @Override
    public long persist() {
      return 0; // the receiver's business
    }

    @Override
    public DirtyBlocks collect()
        throws RamBlockException, IOException, GivenUpException, InterruptedException {
      return OutgoingRam.this.collect();
    }

    @Override
    public void end(PreCopyLoop.Round ended) {
      course.ended(ended);
    }
  }

  /** Returns why memory could not be read, as half a sentence. The error may be late. */
  private String diagnosis(InternalError fault) {
    for (Region region : regions.subList(0, Math.min(sending + 1, regions.size()))) {
      if (region.failIfLost(0, region.size().bytes(), false)) {
        return "memory backend '"
            + region.id()
            + "' can't be read any more: "
            + region.status().note();
      }
    }
    return "memory of somebody else failed: " + fault;
  }
}
