package holdfast.bench;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.core.Machine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
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

/** Persists that flush CPU cache lines, as {@code pmem.c} makes them. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets parameters and calls what opens
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PersistCalls {
  private static final long CACHE_LINE = 64;

  /** The bytes of each persist. */
  @Param("64")
  public long length;

  /** Whether they are stored before. */
  @Param("true")
  public boolean dirty;

  /** What is walked through. */
  @Param("1048576")
  public long size;

  /** The name of one file; another stands beside it. */
  @Param("/dev/shm/holdfast-bench-persist")
  public String file;

  private RamBlock block;
  private Machine machine;
  private GuestMemory memory;
  private MemoryRegion region;
  private MemorySegment guest;
  private long base;
  private long at;
  private long number;

  /** Makes a block, and a machine with another. */
  @Setup(Level.Trial)
  public void open() throws Exception {
    Flushed allocator = new Flushed(Flushed.flush().orElseThrow());
    block =
        allocator.allocate(
            RamBlockSpec.of(
                new BackendId("block"),
                new Backing.File(Path.of(file)),
                new ByteSize(size),
                Set.of(RamFlag.RAM_SHARED)));
    machine =
        BareMachine.open(
            allocator,
            List.of(
                "-object",
                "memory-backend-file,id=m0,share=on,size=" + size + "B,mem-path=" + file + ".guest",
                "-device",
                "nvdimm,id=nv0,memdev=m0"));
    memory = machine.memory();
    region = BareMachine.devices(memory).getFirst().region();
    guest = BareMachine.devices(memory).getFirst().segment();
    base = BareMachine.devices(memory).getFirst().address().value();
    block.segment().fill((byte) 1);
    guest.fill((byte) 1);
  }

  /** Closes both, and removes their files. */
  @TearDown(Level.Trial)
  public void close() {
    machine.discard();
    block.discard();
  }

  private void store(MemorySegment target) {
    if (!dirty) {
      return;
    }
    if (length <= CACHE_LINE) {
      target.set(ValueLayout.JAVA_LONG, at, number++);
    } else {
      target.asSlice(at, length).fill((byte) number++);
    }
  }

  private void step() {
    at = at + length < size ? at + length : 0;
  }

  /** Persists a range of a block. */
  @Benchmark
  public void block() throws PersistException {
    store(block.segment());
    block.persist(at, length);
    step();
  }

  /** Persists a range of a region, which counts what it asks its block to persist. */
  @Benchmark
  public void region() throws PersistException {
    store(guest);
    region.persist(at, length);
    step();
  }

  /** Persists a range of guest memory. */
  @Benchmark
  public void guest() throws PersistException {
    store(guest);
    memory.persist(new GuestAddress(base + at), new ByteSize(length));
    step();
  }
}
