package holdfast.backend.dax.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.CacheFlushes;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.backend.testkit.FlushOracle;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the DAX allocator adds to the contract: what it takes, and its configuration. */
@Timeout(60)
class DaxRamBlockAllocatorTest {

  private static RamBlockSpec spec(Path path, RamFlag... flags) {
    return RamBlockSpec.of(
        new BackendId("nv_be4"), new Backing.File(path), ByteSize.kib(256), List.of(flags));
  }

  private static DaxRamBlockAllocator.Config config(CacheFlushChoice choice) {
    return (DaxRamBlockAllocator.Config)
        Proxy.newProxyInstance(
            DaxRamBlockAllocatorTest.class.getClassLoader(),
            new Class<?>[] {DaxRamBlockAllocator.Config.class},
            (proxy, method, arguments) ->
                method.getName().equals("cache_flush") ? choice.name() : method.getDefaultValue());
  }

  @Test
  @DisplayName(
      "it takes blocks with RAM_PMEM, shared or not, and no others, without a look at files")
  void whatItTakes() {
    DaxRamBlockAllocator allocator =
        new DaxRamBlockAllocator(new RamMapper(), CacheFlushChoice.none.style("dax"));
    Path nowhere = Path.of("/nowhere/at/all");
    assertTrue(allocator.accepts(spec(nowhere, RamFlag.RAM_PMEM)));
    assertTrue(allocator.accepts(spec(nowhere, RamFlag.RAM_PMEM, RamFlag.RAM_SHARED)));
    assertFalse(allocator.accepts(spec(nowhere, RamFlag.RAM_SHARED)));
    assertFalse(allocator.accepts(spec(nowhere)));
    assertEquals("dax", allocator.kind());
  }

  @Test
  @DisplayName(
      "unless told otherwise it stands above the file allocator, and finds its cache flush")
  void defaults() throws NoSuchMethodException {
    assertEquals(
        100, DaxRamBlockAllocator.Config.class.getMethod("service_ranking").getDefaultValue());
    assertEquals(
        "auto", DaxRamBlockAllocator.Config.class.getMethod("cache_flush").getDefaultValue());
  }

  @Test
  @DisplayName("each choice of cache flush chooses what it says, auto libpmem before the JDK's")
  void choices() {
    assertEquals(Optional.empty(), CacheFlushChoice.none.choose());
    assertEquals(CacheFlushChoice.jdk, CacheFlushChoice.of(" jdk  "));
    assertEquals(CacheFlushChoice.auto, CacheFlushChoice.of(""));
    assertEquals(CacheFlushChoice.auto, CacheFlushChoice.of("nonsense"));
    assertEquals(CacheFlushes.jdk(), CacheFlushChoice.jdk.choose());
    assertEquals(CacheFlushes.libpmem(), CacheFlushChoice.libpmem.choose());
    assertEquals(CacheFlushes.libpmem().or(CacheFlushes::jdk), CacheFlushChoice.auto.choose());
  }

  @Test
  @DisplayName(
      "a change of configuration holds from then on, and disturbs no block (simulated DAX)")
  void aChangeOfConfigurationDisturbsNoBlock() throws IOException, RamBlockException {
    Storage storage = Storage.simulatedDax();
    FaultyLibc libc = storage.libc();
    Path folder = storage.newFolder();
    FlushOracle caches = new FlushOracle();
    DaxRamBlockAllocator allocator =
        new DaxRamBlockAllocator(
            new RamMapper(libc, Path.of("/sys")), MappingStyle.pmem("dax", caches));
    try (LeakCheck leaks = LeakCheck.start(libc, folder);
        RamBlock before =
            allocator.allocate(
                spec(folder.resolve("before"), RamFlag.RAM_PMEM, RamFlag.RAM_SHARED))) {
      allocator.modified(config(CacheFlushChoice.none));
      before.persist(0, 1);
      assertEquals(1, caches.flushed().size());
      assertEquals(Granularity.CACHE_LINE, before.durability().obtained());
      RamBlock after =
          allocator.allocate(spec(folder.resolve("after"), RamFlag.RAM_PMEM, RamFlag.RAM_SHARED));
      assertEquals(Granularity.PAGE, after.durability().obtained());
      assertTrue(
          after.durability().reason().contains("cache.flush=none is set"),
          after.durability()::reason);
      after.persist(0, 1);
      after.close();
      assertEquals(1, caches.flushed().size());
      assertFalse(leaks.leaks().isEmpty(), "the block before is still there");
    } finally {
      Storage.remove(folder);
    }
  }
}
