package holdfast.bench;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Mapping and unmapping of a sparse file that is there, as {@code map.c} does it. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets parameters and calls what opens
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MapCalls {
  /** The file. */
  @Param("/dev/shm/holdfast-bench-map")
  public String file;

  /** Its size. */
  @Param("67108864")
  public long size;

  /** Maps it and unmaps it. */
  @Benchmark
  public void mapAndUnmap() throws RamBlockException {
    Place.ALLOCATOR
        .allocate(
            RamBlockSpec.of(
                new BackendId("bench"),
                new Backing.File(Path.of(file)),
                new ByteSize(size),
                Set.of(RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE)))
        .close();
  }
}
