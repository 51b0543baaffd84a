package holdfast.machine.migration.internal.incoming;

import holdfast.backend.api.PersistException;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.course.Progress;
import holdfast.machine.migration.internal.stream.PageCount;
import holdfast.machine.migration.internal.stream.RamBlockEntry;
import holdfast.machine.migration.internal.stream.RamSink;
import holdfast.machine.migration.internal.stream.RamStreamFormat;
import holdfast.machine.migration.internal.stream.SegmentSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** The memory that is received into. Used by one thread. */
final class ReceivedMemory implements RamSink, Silence.Counter {
  /** After so many pages it is told how many have come. */
  private static final int STEP = 4096;

  private final List<Region> regions;
  private final SegmentSink sink;

  /** The sender's blocks, of which those that we lack are dropped. */
  private final List<Optional<Region>> byNumber = new ArrayList<>();

  private final Progress progress;
  private final Beginning beginning;
  private final boolean persistsRounds;
  private boolean written;

  /** Whether it is this side that takes its time. */
  private volatile boolean working;

  /** Stored by one thread, and read by others. */
  private final AtomicLong pages = new AtomicLong();

  private final AtomicLong zeros = new AtomicLong();

  /** Called when the source's blocks are known to be ours, before the first page. */
  @FunctionalInterface
  interface Beginning {
    void begin() throws IOException;
  }

  /**
   * @param takesOthers whether the sender may have blocks that are dropped
   * @param persistsRounds whether what came in a round is persisted at its end, so that little is
   *     left for the pause; a QEMU's parts are too short for that
   */
  ReceivedMemory(
      List<Region> regions,
      boolean takesOthers,
      boolean persistsRounds,
      Progress progress,
      Beginning beginning) {
    this(
        regions,
        new SegmentSink(segments(regions), takesOthers),
        persistsRounds,
        progress,
        beginning);
  }

  /** Memory that belongs to no machine. */
  ReceivedMemory(Map<String, MemorySegment> memory, Progress progress) {
    this(List.of(), new SegmentSink(memory, false), true, progress, () -> {});
  }

  private ReceivedMemory(
      List<Region> regions,
      SegmentSink sink,
      boolean persistsRounds,
      Progress progress,
      Beginning beginning) {
    this.regions = List.copyOf(regions);
    this.sink = sink;
    this.persistsRounds = persistsRounds;
    this.progress = progress;
    this.beginning = beginning;
  }

  private static Map<String, MemorySegment> segments(List<Region> regions) {
    Map<String, MemorySegment> memory = new LinkedHashMap<>();
    regions.forEach(region -> memory.put(region.id().value(), region.segment()));
    return memory;
  }

  /** Returns whether anything may have been stored. */
  boolean isWritten() {
    return written;
  }

  @Override
  public void blocks(List<RamBlockEntry> blocks) throws IOException {
    sink.blocks(blocks);
    for (RamBlockEntry each : blocks) {
      byNumber.add(regions.stream().filter(one -> one.id().value().equals(each.name())).findAny());
    }
    beginning.begin();
    written = true;
  }

  @Override
  public void coming(int block, long offset, long length) {
    byNumber.get(block).ifPresent(region -> region.status().block().expectStores(offset, length));
  }

  @Override
  public void page(int block, long offset, MemorySegment content) {
    sink.page(block, offset, content);
    // not a volatile store, which would wait until the page is in memory
    pages.setRelease(pages.getPlain() + 1);
    if (pages.getPlain() % STEP == 0) {
      tell();
    }
  }

  @Override
  public void zero(int block, long offset, long length) {
    sink.zero(block, offset, length);
    zeros.setRelease(zeros.getPlain() + length / RamStreamFormat.TARGET_PAGE_SIZE);
  }

  @Override
  public long count() {
    return working ? System.nanoTime() : pages.getAcquire() + zeros.getAcquire();
  }

  /** What this side does while the source waits. */
  @FunctionalInterface
  interface Work {
    void done() throws IOException;
  }

  /** Does something during which the source may be silent. */
  void whileWorking(Work work) throws IOException {
    working = true;
    try {
      work.done();
    } finally {
      working = false;
    }
  }

  private void tell() {
    long normal = pages.getPlain();
    long zero = zeros.getPlain();
    progress.moved(
        new PageCount(normal, zero, normal * RamStreamFormat.TARGET_PAGE_SIZE + zero * Long.BYTES),
        0);
  }

  @Override
  public void partEnded() throws IOException {
    tell();
    if (persistsRounds) {
      whileWorking(this::persist);
    }
  }

  /** Checks that all of memory has come. */
  void requireAll() throws IOException {
    if (sink.missing().isPresent()) {
      throw new IOException(sink.missing().get());
    }
  }

  /** Makes all that has come durable, each region at its granularity. */
  void persist() throws IOException {
    for (Region region : regions) {
      try {
        region.persist(0, region.size().bytes());
      } catch (PersistException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }

  /** Returns why memory could not be stored into; the error may be late. */
  String diagnosis(InternalError fault) {
    for (Region region : regions) {
      if (region.failIfLost(0, region.size().bytes(), true)) {
        return "memory backend '"
            + region.id()
            + "' can't be stored into any more: "
            + region.status().note();
      }
    }
    return "memory of somebody else failed: " + fault;
  }
}
