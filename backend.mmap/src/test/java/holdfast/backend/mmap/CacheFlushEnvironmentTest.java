package holdfast.backend.mmap;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.internal.FlushProbe;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.testkit.Storage;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * No variable of the environment makes a persist of persistent memory do nothing. That a cache line
 * was written back is seen by its page, which nobody else touches: the instruction makes it
 * present.
 */
@Timeout(120)
class CacheFlushEnvironmentTest {

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "PMEM_NO_FLUSH, 1",
    "PMEM_NO_FLUSH, 0",
    "PMEM_NO_FLUSH, yes",
    "PMEM_NO_FLUSH, ''",
    "PMEM_NO_CLWB, 1",
    "PMEM_NO_CLFLUSHOPT, 1",
    "PMEM_IS_PMEM_FORCE, 0",
    "PMEM_IS_PMEM_FORCE, 1",
    "PMEM_NO_MOVNT, 1",
    "PMEM_NO_GENERIC_MEMCPY, 1",
    "PMEM_MOVNT_THRESHOLD, 0",
    "PMEM_AVX, 0",
    "PMEM_AVX512F, 0",
    "PMEM_MMAP_HINT, 0",
    "PMEM2_FORCE_GRANULARITY, PAGE",
    "PMEM2_FORCE_GRANULARITY, BYTE"
  })
  @DisplayName("with libpmem a persist writes cache lines back, whatever the environment says")
  void persistWritesBack(String name, String value) throws Exception {
    assumeTrue(CacheFlushes.libpmem().isPresent(), "libpmem.so.1 is not installed");
    try (ChildJvm child = new ChildJvm(Persister.class, List.of(), Map.of(name, value))) {
      assertEquals("cache-line by pmem_deep_flush + pmem_drain (libpmem.so.1)", child.says());
      assertEquals("before: absent", child.says());
      assertEquals("after: present", child.says());
      String plain = child.says();
      if (name.equals("PMEM_NO_FLUSH") && value.equals("1")) {
        assertEquals("pmem_flush: absent", plain, "the variable means what libpmem(7) says");
      }
      assertEquals(0, child.awaitEnd());
    }
  }

  /** Persists one byte of a block that nobody has touched, and looks what became of its page. */
  static final class Persister {
    private Persister() {}

    public static void main(String[] arguments) throws Throwable {
      PrintStream out = new PrintStream(System.out, true, UTF_8);
      try (Bench bench = new Bench(Storage.simulatedDax());
          RamBlock block = bench.mapFlushedBy(CacheFlushes.libpmem().orElseThrow())) {
        assertTrue(block.obtained().contains(RamFlag.RAM_SYNC));
        out.println(
            block.durability().obtained() + " by " + block.durability().evidence().persist());
        long page = block.segment().address() + 4 * 4096;
        out.println("before: " + state(page));
        block.persist(4 * 4096, 1);
        out.println("after: " + state(page));
        MethodHandle plain =
            Linker.nativeLinker()
                .downcallHandle(
                    SymbolLookup.libraryLookup("libpmem.so.1", Arena.global())
                        .findOrThrow("pmem_flush"),
                    FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
        plain.invokeExact(block.segment().asSlice(32 * 4096, 1), 1L);
        out.println("pmem_flush: " + state(block.segment().address() + 32 * 4096));
      }
    }

    private static String state(long address) throws Exception {
      return FlushProbe.isPresent(address) ? "present" : "absent";
    }
  }

  /** A flush that makes of each flush what it is told to. */
  private record Flush(boolean works) implements CacheFlush {
    @Override
    public void flush(MemorySegment range) {
      if (works) {
        range.get(JAVA_BYTE, 0);
      }
    }

    @Override
    public void drain() {}

    @Override
    public boolean platformFlushesCaches() {
      return false;
    }

    @Override
    public String describe() {
      return "a flush";
    }
  }

  @Test
  @DisplayName("a flush that does nothing is found out, and one that does something is not accused")
  void doingNothingIsFoundOut() {
    Optional<CacheFlush> control = Optional.of(new Flush(true));
    assertTrue(FlushProbe.doesNothing(new Flush(false), control));
    assertFalse(FlushProbe.doesNothing(new Flush(true), control));
    CacheFlushes.libpmem().ifPresent(flush -> assertFalse(FlushProbe.doesNothing(flush, control)));
    CacheFlushes.jdk().ifPresent(flush -> assertFalse(FlushProbe.doesNothing(flush, control)));
  }

  @Test
  @DisplayName("where no flush leaves a trace, as on an emulated CPU, none is accused")
  void anEmulatedCpuProvesNothing() {
    assertFalse(FlushProbe.doesNothing(new Flush(false), Optional.of(new Flush(false))));
    assertFalse(FlushProbe.doesNothing(new Flush(false), Optional.empty()));
  }

  @Test
  @DisplayName("of each way to flush either it is there, or it is told why not")
  void whyNotIsTold() {
    assertEquals(CacheFlushes.libpmem().isPresent(), CacheFlushes.libpmemObstacle().isEmpty());
    assertEquals(CacheFlushes.jdk().isPresent(), CacheFlushes.jdkObstacle().isEmpty());
  }
}
