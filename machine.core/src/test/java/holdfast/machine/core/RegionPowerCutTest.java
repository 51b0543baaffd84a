package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.backend.testkit.FlushOracle;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.WatchedMemory;
import holdfast.machine.config.AllocatorFilter;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A region of real blocks on simulated DAX, whose allocators come and go between its persists. */
@Timeout(60)
class RegionPowerCutTest {
  private static final ByteSize SIZE = ByteSize.kib(64);

  private final FlushOracle oracle = new FlushOracle();
  private final Storage storage = Storage.simulatedDax();
  private final FaultyLibc libc = storage.libc().withOracle(oracle);
  private final RamMapper mapper = new RamMapper(libc, Path.of("/sys"));
  private final MapperAllocator file = new MapperAllocator(mapper, MappingStyle.kernel("file"));
  private final MapperAllocator dax = new MapperAllocator(mapper, MappingStyle.pmem("dax", oracle));
  private final Candidates candidates = new Candidates();

  /** Persists across a line border, and answers what the oracle says of it. */
  private List<String> persist(Region region, long offset) throws Exception {
    long from = region.segment().address() + offset;
    return oracle.persist(
        List.of(new AddressRange(from, from + 2)), () -> region.persist(offset, 2));
  }

  @Test
  @DisplayName(
      "whichever allocator comes or goes between a store and its persist, a power cut takes neither"
          + " what was stored before the exchange nor what was persisted after it")
  void storesCrossExchanges() throws Exception {
    Path folder = storage.newFolder();
    RamBlockSpec spec =
        RamBlockSpec.of(
            new BackendId("nv0"),
            new Backing.File(folder.resolve("file")),
            SIZE,
            Set.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM));
    try (LeakCheck leaks = LeakCheck.start(libc, folder)) {
      candidates.add(file, file.properties(1, 0));
      Region region = Region.open(spec, candidates, AllocatorFilter.ANY, changed -> {});
      WatchedMemory memory = oracle.watch(region.segment());
      memory.store(63, (byte) 1, (byte) 2);

      candidates.add(dax, dax.properties(2, 100));
      assertEquals(Granularity.CACHE_LINE, region.durability().obtained());
      assertEquals(List.of(), memory.lost(0, SIZE.bytes()));
      memory.store(4095, (byte) 3, (byte) 4);
      assertEquals(List.of(), persist(region, 4095));
      assertEquals(List.of(), memory.lost(0, SIZE.bytes()));

      memory.store(8191, (byte) 5, (byte) 6);
      candidates.remove(dax);
      assertEquals(Granularity.PAGE, region.durability().obtained());
      assertEquals(List.of(), memory.lost(0, SIZE.bytes()));
      candidates.add(dax, dax.properties(3, 100));
      candidates.remove(file);
      int flushes = oracle.flushed().size();
      candidates.remove(dax);
      memory.store(127, (byte) 7, (byte) 8);
      assertEquals(Granularity.PAGE, region.persist(127, 2), "detached");
      assertEquals(List.of(), memory.lost(0, SIZE.bytes()));
      assertEquals(flushes, oracle.flushed().size());

      candidates.add(dax, dax.properties(4, 100));
      memory.store(127, (byte) 9, (byte) 10);
      assertEquals(List.of(), persist(region, 127));
      assertEquals(List.of(), memory.lost(0, SIZE.bytes()));
      region.close();
    } finally {
      Storage.remove(folder);
    }
  }
}
