package holdfast.host.testkit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A memory beside which a {@link CpuCaches} keeps what of it is durable.
 *
 * <p>Stores may be made through {@link #store} or in any other way. The oracle can tell in its
 * sentences only of the former; what is durable it knows of both. A store of another kind that runs
 * while its line is flushed may be torn in the image.
 *
 * <p>Thread-safe.
 */
public final class WatchedMemory {
  private final CpuCaches oracle;
  private final MemorySegment memory;
  private final AddressRange range;
  private final byte[] durable;

  /** For each line, when the bytes that are durable were flushed. Guarded by the oracle. */
  private final long[] flushed;

  WatchedMemory(CpuCaches oracle, MemorySegment memory) {
    int line = CpuCaches.LINE;
    if (!memory.isNative() || memory.address() % line != 0 || memory.byteSize() % line != 0) {
      throw new IllegalArgumentException(
          memory + " can't be watched: native memory of whole cache lines is needed");
    }
    this.oracle = oracle;
    this.memory = memory;
    this.range = new AddressRange(memory.address(), memory.address() + memory.byteSize());
    this.durable = memory.toArray(ValueLayout.JAVA_BYTE);
    this.flushed = new long[durable.length / line];
  }

  /** The host addresses. */
  public AddressRange range() {
    return range;
  }

  /**
   * Stores bytes, all of them before or all of them after the flush of a line by another thread.
   *
   * @throws IndexOutOfBoundsException if they don't fit
   */
  public void store(long offset, byte... bytes) {
    synchronized (oracle) {
      MemorySegment.copy(
          MemorySegment.ofArray(bytes), 0, memory, offset, bytes.length); // checks the range
      long from = range.from() + offset;
      oracle.stored(new AddressRange(from, from + bytes.length));
    }
  }

  /** A copy of what the memory would hold if power failed now and came back. */
  public byte[] durable() {
    synchronized (oracle) {
      return durable.clone();
    }
  }

  /**
   * The lines of which a power cut at this moment would lose bytes of a range, by the names that
   * they have in the oracle's sentences: there the memory holds something else than what is
   * durable.
   *
   * @throws IndexOutOfBoundsException if the range is not within the memory
   */
  public List<String> lost(long offset, long length) {
    synchronized (oracle) {
      byte[] present = memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
      List<String> lines = new ArrayList<>();
      int first = Math.toIntExact(offset);
      int at = 0;
      while (at < present.length) {
        int end = Math.min(present.length, at + CpuCaches.LINE - (first + at) % CpuCaches.LINE);
        if (!Arrays.equals(present, at, end, durable, first + at, first + end)) {
          lines.add(CpuCaches.name((range.from() + first + at) & -CpuCaches.LINE));
        }
        at = end;
      }
      return lines;
    }
  }

  /**
   * What the line holds now, made durable when it is run unless newer bytes are by then: a flush
   * that is drained late does not bring old bytes back. Both under the oracle's monitor.
   */
  Runnable snapshot(long line, long order) {
    if (!range.holds(line) || !memory.scope().isAlive()) {
      return () -> {};
    }
    int at = Math.toIntExact(line - range.from());
    byte[] bytes = memory.asSlice(at, CpuCaches.LINE).toArray(ValueLayout.JAVA_BYTE);
    return () -> {
      int number = at / CpuCaches.LINE;
      if (order > flushed[number]) {
        flushed[number] = order;
        System.arraycopy(bytes, 0, durable, at, bytes.length);
      }
    };
  }
}
