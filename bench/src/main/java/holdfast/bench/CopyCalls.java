package holdfast.bench;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.core.Machine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Copies into and out of random places of guest memory, as {@code bulk.c} makes them. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets parameters and calls what opens
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CopyCalls {
  private static final long PAGE = 4096;

  /** Where in a page the buffer begins, here and in C: copies between like places are slower. */
  private static final long IN_PAGE = 1024;

  /** The bytes of each copy, a power of two. */
  @Param("64")
  public int length;

  /** How many devices there are, a power of two. */
  @Param("1")
  public int devices;

  /** What all of them have together, a power of two. */
  @Param("268435456")
  public long total;

  private Machine machine;
  private GuestMemory memory;
  private MemorySegment first;
  private MemorySegment buffer;
  private long base;
  private long random = 0x9E3779B97F4A7C15L;

  /** Opens the machine and makes its pages present. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    machine = BareMachine.withDevices(devices, total / devices);
    memory = machine.memory();
    BareMachine.devices(memory).forEach(device -> device.segment().fill((byte) 1));
    first = BareMachine.devices(memory).getFirst().segment();
    base = BareMachine.devices(memory).getFirst().address().value();
    if (devices > 1 && BareMachine.distance(memory) != total / devices) {
      throw new IllegalStateException("there are holes between the devices");
    }
    buffer = Arena.global().allocate(length + PAGE, PAGE).asSlice(IN_PAGE, length).fill((byte) 2);
  }

  /** Closes it. */
  @TearDown(Level.Trial)
  public void close() {
    machine.close();
  }

  private long offset() {
    long next = random;
    next ^= next << 13;
    next ^= next >>> 7;
    next ^= next << 17;
    random = next;
    return next & (total - 1) & -length;
  }

  /** Writes through GuestMemory. */
  @Benchmark
  public void guestIn() {
    memory.write(new GuestAddress(base + offset()), buffer);
  }

  /** Reads through GuestMemory. */
  @Benchmark
  public void guestOut() {
    memory.read(new GuestAddress(base + offset()), buffer);
  }

  /** Writes the segment of the only device. */
  @Benchmark
  public void segmentIn() {
    MemorySegment.copy(buffer, 0, first, offset(), length);
  }

  /** Reads the segment of the only device. */
  @Benchmark
  public void segmentOut() {
    MemorySegment.copy(first, offset(), buffer, 0, length);
  }
}
