package holdfast.host.testkit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A memory with an image of what is durable of it, which {@link CpuCaches} maintains.
 *
 * <p>Stores may be made through {@link #store} or in any other way. The oracle's sentences can
 * mention only the former; the image covers both. A store of another kind that runs while its line
 * is flushed may be torn in the image.
 *
 * <p>Thread-safe.
 */
public final class WatchedMemory {
  private final CpuCaches oracle;
  private final MemorySegment memory;
  private final AddressRange range;
  private final byte[] durable;

  /** For each line, the time at which its durable bytes were flushed. Guarded by the oracle. */
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

  /** Returns the host addresses. */
  public AddressRange range() {
    return range;
  }

  /**
   * Stores bytes, all of them before or all of them after another thread flushes a line.
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

  /** Returns a copy of what the memory would hold if power failed now and came back. */
  public byte[] durable() {
    synchronized (oracle) {
      return durable.clone();
    }
  }

  /**
   * Returns the lines in a range of which a power cut at this moment would lose bytes, by their
   * names in the oracle's sentences: those whose present bytes differ from the durable ones.
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
   * Records what the line holds now; the result makes it durable, unless newer bytes are by then: a
   * flush that is drained late does not bring old bytes back. Both need the oracle's monitor.
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
