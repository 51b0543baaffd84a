package holdfast.bench;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.core.Machine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Accesses of 8 bytes at random addresses, as {@code access.c} makes them. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets parameters and calls what opens
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AccessCalls {
  static final int ACCESSES = 1024;
  private static final long PAGE = 4096;

  /** How many devices there are, a power of two. */
  @Param("1")
  public int devices;

  /** The size of each. */
  @Param("1048576")
  public long size;

  /** How much of each is used. */
  @Param("65536")
  public long span;

  private Machine machine;
  private GuestMemory memory;
  private MemorySegment first;
  private long base;
  private long step;
  private long random = 0x9E3779B97F4A7C15L;

  /** Opens the machine and makes its pages present. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    machine = BareMachine.withDevices(devices, size);
    memory = machine.memory();
    BareMachine.devices(memory)
        .forEach(
            device -> {
              for (long at = 0; at < size; at += PAGE) {
                device.segment().set(ValueLayout.JAVA_BYTE, at, (byte) 1);
              }
            });
    first = BareMachine.devices(memory).getFirst().segment();
    base = BareMachine.devices(memory).getFirst().address().value();
    step = BareMachine.distance(memory) + (span < size ? span : 0);
  }

  /** Closes it. */
  @TearDown(Level.Trial)
  public void close() {
    machine.close();
  }

  private static long next(long random) {
    long next = random;
    next ^= next << 13;
    next ^= next >>> 7;
    next ^= next << 17;
    return next;
  }

  /**
   * Returns the address to access. What it is made of is given, as the C program has it in
   * registers: fields would be read anew after each access.
   */
  private static GuestAddress address(long base, long random, int mask, long step, long within) {
    return new GuestAddress(base + ((random >>> 40) & mask) * step + (random & within));
  }

  /** Reads through GuestMemory. */
  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public long guestRead() {
    GuestMemory guest = memory;
    long from = base;
    int mask = devices - 1;
    long apart = step;
    long within = span - 8;
    long at = random;
    long sum = 0;
    for (int i = 0; i < ACCESSES; i++) {
      at = next(at);
      sum += guest.getLong(address(from, at, mask, apart, within), ByteOrder.LITTLE_ENDIAN);
    }
    random = at;
    return sum;
  }

  /** Writes through GuestMemory. */
  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public void guestWrite() {
    GuestMemory guest = memory;
    long from = base;
    int mask = devices - 1;
    long apart = step;
    long within = span - 8;
    long at = random;
    for (int i = 0; i < ACCESSES; i++) {
      at = next(at);
      guest.setLong(address(from, at, mask, apart, within), at, ByteOrder.LITTLE_ENDIAN);
    }
    random = at;
  }

  /** Reads the segment of the first device. */
  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public long segmentRead() {
    MemorySegment segment = first;
    long within = span - 8;
    long at = random;
    long sum = 0;
    for (int i = 0; i < ACCESSES; i++) {
      at = next(at);
      sum += segment.get(ValueLayout.JAVA_LONG, at & within);
    }
    random = at;
    return sum;
  }

  /** Writes the segment of the first device. */
  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public void segmentWrite() {
    MemorySegment segment = first;
    long within = span - 8;
    long at = random;
    for (int i = 0; i < ACCESSES; i++) {
      at = next(at);
      segment.set(ValueLayout.JAVA_LONG, at & within, at);
    }
    random = at;
  }
}
