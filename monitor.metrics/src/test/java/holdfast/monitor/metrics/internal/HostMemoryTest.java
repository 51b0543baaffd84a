package holdfast.monitor.metrics.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.FailureKind;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.PersistTimes;
import holdfast.machine.api.RegionState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What smaps says of regions. */
class HostMemoryTest {
  private static final String SMAPS =
      """
      10000000-10100000 rw-s 00000000 08:01 42   /a file with Rss: in its name
      Size:               1024 kB
      Rss:                 100 kB
      Pss:                  50 kB
      Shared_Hugetlb:        0 kB
      Private_Hugetlb:       0 kB
      VmFlags: rd wr sh
      10100000-10200000 rw-s 00100000 08:01 42   /a file with Rss: in its name
      Size:               1024 kB
      Rss:                   4 kB
      Shared_Hugetlb:        0 kB
      Private_Hugetlb:       0 kB
      10200000-10201000 ---p 00000000 00:00 0
      Size:                  4 kB
      Rss:                  99 kB
      20000000-20200000 rw-s 00000000 00:0e 43   /anon_hugepage (deleted)
      Size:               2048 kB
      Rss:                   0 kB
      Shared_Hugetlb:     2048 kB
      Private_Hugetlb:       0 kB
      7f0000000000-7f0000001000 rw-p not to be read: Rss
      Rss:          nonsense
      """;

  private final AtomicLong now = new AtomicLong(5);

  static ObjectCounters region(String id, long address, long size) {
    return new ObjectCounters(
        id,
        address,
        new ByteSize(size),
        RegionState.ATTACHED,
        0,
        0,
        0,
        FailureKind.NONE,
        new PersistTimes(Collections.nCopies(PersistTimes.BOUNDS.size() + 1, 0L), Duration.ZERO));
  }

  @Test
  @DisplayName(
      "all mappings in a region are summed up, those beside it are not, and no more is read")
  void parsed(@TempDir Path folder) throws IOException {
    Path smaps = Files.writeString(folder.resolve("smaps"), SMAPS);
    HostMemory memory = new HostMemory(smaps, now::get);
    List<ObjectCounters> regions =
        List.of(region("b", 0x2000_0000, 2 << 20), region("a", 0x1000_0000, 2 << 20));
    assertEquals(
        Map.of(
            0x1000_0000L,
            new HostMemory.Use(2 << 20, 104 << 10),
            0x2000_0000L,
            new HostMemory.Use(2 << 20, 2 << 20)),
        memory.of(regions));
  }

  @Test
  @DisplayName("once a second at most")
  void seldom(@TempDir Path folder) throws IOException {
    Path smaps = Files.writeString(folder.resolve("smaps"), SMAPS);
    HostMemory memory = new HostMemory(smaps, now::get);
    List<ObjectCounters> regions = List.of(region("a", 0x1000_0000, 1 << 20));
    Map<Long, HostMemory.Use> first = memory.of(regions);
    assertEquals(100 << 10, first.get(0x1000_0000L).resident());

    Files.writeString(smaps, SMAPS.replace("100 kB", "200 kB"));
    now.addAndGet(TimeUnit.MILLISECONDS.toNanos(999));
    assertEquals(first, memory.of(regions));
    now.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
    assertEquals(200 << 10, memory.of(regions).get(0x1000_0000L).resident());

    Files.delete(smaps);
    now.addAndGet(TimeUnit.SECONDS.toNanos(1));
    assertEquals(Map.of(), memory.of(regions));
  }
}
