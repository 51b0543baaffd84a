package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Real cache flushes of pages that a truncated file has lost, which would be a SIGBUS in native
 * code: in JVMs of their own, since that is what may end.
 */
@EnabledOnOs(OS.LINUX)
@Timeout(300)
class LostPageFlushTest {
  private static final int LOST = 2 * 4096;
  private static final String NONE = "not here";
  private static final String EXPORTS = "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED";

  /** How the code of the child runs after a while, and how many calls that takes. */
  private enum Mode {
    INTERPRETED(500, "-Xint"),
    C1(3_000, "-XX:TieredStopAtLevel=1", "-Xbatch"),
    PROFILED_C1(3_000, "-XX:TieredStopAtLevel=3", "-Xbatch"),
    C2(30_000, "-XX:-TieredCompilation", "-Xbatch"),
    TIERED(30_000, "-Xbatch");

    private final int calls;
    private final List<String> options;

    Mode(int calls, String... options) {
      this.calls = calls;
      this.options = List.of(options);
    }

    boolean optimizes() {
      return this == C2 || this == TIERED;
    }

    ChildJvm start(Class<?> main, String... arguments) throws IOException {
      List<String> all = new ArrayList<>(options);
      all.add(EXPORTS);
      return new ChildJvm(all, main, List.of(arguments), Map.of());
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "libpmem's flush: each persist of lost bytes is a PersistException, in every kind of code")
  void libpmem(Mode mode) throws Exception {
    assertRefused(mode, "libpmem");
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("the JDK's flush: the same, and it is not used where the JVM lacks the code for it")
  void jdk(Mode mode) throws Exception {
    assertRefused(mode, "jdk");
  }

  private static void assertRefused(Mode mode, String kind) throws Exception {
    try (ChildJvm child = mode.start(Persists.class, kind, "" + mode.calls)) {
      String said = child.says();
      boolean mayLack = kind.equals("libpmem") || !mode.optimizes();
      assumeFalse(mayLack && said.equals(NONE), kind + " is not used here");
      assertEquals("persisted " + mode.calls, said);
      assertEquals("refused " + mode.calls, child.says());
      assertEquals("persisted " + mode.calls, child.says());
      assertEquals(0, child.awaitEnd());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"INTERPRETED", "C1", "PROFILED_C1"})
  @DisplayName("without C2 the JVM would end in the JDK's flush, of any page: there is none then")
  void noJdkFlushWithoutC2(Mode mode) throws Exception {
    try (ChildJvm child = mode.start(Persists.class, "jdk", "1")) {
      assertEquals(NONE, child.says());
      assertEquals(0, child.awaitEnd());
    }
  }

  @Test
  @DisplayName(
      "a page that is lost just before the JDK's flush, compiled by C2, is an InternalError")
  void lostUnderTheJdksFlush(@TempDir Path folder) throws Exception {
    assumeTrue(CacheFlushes.jdk().isPresent(), "the JDK's write-back is not here");
    try (ChildJvm child = Mode.C2.start(Flushes.class, "" + folder.resolve("file"))) {
      assertEquals("errors " + Mode.C2.calls, child.says());
      assertEquals(0, child.awaitEnd());
    }
  }

  /** The child: persists what is there, what is lost, and again what is there. */
  static final class Persists {
    public static void main(String[] arguments) throws Exception {
      Optional<CacheFlush> flush =
          arguments[0].equals("jdk") ? CacheFlushes.jdk() : CacheFlushes.libpmem();
      if (flush.isEmpty()) {
        System.out.println(NONE);
        return;
      }
      int calls = Integer.parseInt(arguments[1]);
      try (Bench bench = new Bench(Storage.simulatedDax());
          RamBlock block = bench.mapFlushedBy(flush.get())) {
        persist(block, LOST, calls);
        try (FileChannel file =
            FileChannel.open(bench.folder.resolve("file"), StandardOpenOption.WRITE)) {
          file.truncate(LOST);
        }
        persist(block, LOST, calls);
        persist(block, 0, calls);
      }
    }

    private static void persist(RamBlock block, long offset, int calls) {
      int done = 0;
      int refused = 0;
      for (int call = 0; call < calls; call++) {
        try {
          block.persist(offset, 64);
          done++;
        } catch (PersistException e) {
          refused++;
        }
      }
      System.out.println(done == 0 ? "refused " + refused : "persisted " + done);
    }
  }

  /** The child: flushes a page that is there, until that is compiled, and then a lost one. */
  static final class Flushes {
    public static void main(String[] arguments) throws Exception {
      CacheFlush flush = CacheFlushes.jdk().orElseThrow();
      try (FileChannel file =
          FileChannel.open(
              Path.of(arguments[0]),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        MemorySegment all = file.map(MapMode.READ_WRITE, 0, 2L * LOST, Arena.global());
        MemorySegment line = all.asSlice(LOST, 64);
        line.fill((byte) 1);
        errors(flush, line, Mode.C2.calls);
        file.truncate(LOST);
        System.out.println("errors " + errors(flush, line, Mode.C2.calls));
      }
    }

    private static int errors(CacheFlush flush, MemorySegment line, int calls) {
      int errors = 0;
      for (int call = 0; call < calls; call++) {
        errors += isError(flush, line) ? 1 : 0;
      }
      return errors;
    }

    private static boolean isError(CacheFlush flush, MemorySegment line) {
      try {
        flush.flush(line);
        for (long poll = 0; poll < polls; poll++) {
          // a safepoint poll is between one round and the next
        }
        return false;
      } catch (InternalError lost) {
        return true;
      }
    }

    private static volatile int polls = 2;
  }

  @Test
  @DisplayName("a persist of cache lines makes no garbage and no system call")
  void noGarbage() throws Exception {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapFlushedBy(new NoFlush())) {
      ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      bench.libc.forget();
      int calls = 20_000;
      long bytes = Long.MAX_VALUE;
      for (int round = 0; round < 100 && bytes >= calls; round++) { // until it is compiled
        long before = thread.getCurrentThreadAllocatedBytes();
        for (int call = 0; call < calls; call++) {
          block.persist(call % 2 * 64L, 64);
        }
        bytes = thread.getCurrentThreadAllocatedBytes() - before;
      }
      long last = bytes;
      assertTrue(last < calls, () -> last + " bytes for " + calls + " persists");
      assertEquals(List.of(), bench.libc.made());
    }
  }

  /** A flush that makes no garbage itself. */
  private record NoFlush() implements CacheFlush {
    @Override
    public void flush(MemorySegment range) {}

    @Override
    public void drain() {}

    @Override
    public boolean platformFlushesCaches() {
      return false;
    }

    @Override
    public String describe() {
      return "none";
    }
  }
}
