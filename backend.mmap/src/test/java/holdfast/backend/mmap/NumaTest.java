package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaBindingException;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * What the kernel says of a block's NUMA policy, in {@code /proc/self/numa_maps}, numa(7). On a
 * disk, on tmpfs (which keeps a policy with the file, unlike others) and in memory.
 */
@Timeout(60)
class NumaTest {
  private static final Path NUMA_MAPS = Path.of("/proc/self/numa_maps");

  @BeforeEach
  void assumeNuma() throws IOException, RamBlockException {
    RamBlockSpec spec =
        RamBlockSpec.of(new BackendId("probe"), new Backing.Anonymous(), Bench.SIZE, Set.of());
    try (Bench bench = new Bench(Storage.disk())) {
      bench.mapper().map(bound(spec, NumaPolicy.BIND), Bench.KERNEL).close();
    } catch (NumaBindingException e) {
      assumeFalse(
          e.errno().startsWith("ENOSYS"),
          "no libnuma.so.1 (Debian: libnuma1), or a kernel without NUMA");
      throw e;
    }
  }

  /** The policy of the mapping at that address, for example {@code bind:0}. */
  private static String policyAt(long address) throws IOException {
    String prefix = Long.toHexString(address) + " ";
    try (Stream<String> lines = Files.lines(NUMA_MAPS)) {
      return lines
          .filter(line -> line.startsWith(prefix))
          .map(line -> line.substring(prefix.length()))
          .map(line -> line.replaceFirst(" (file|anon|huge|heap|stack|dirty|mapped|kernel).*", ""))
          .findFirst()
          .orElse("no mapping begins there");
    }
  }

  private static Pattern expected(NumaPolicy policy) {
    return Pattern.compile(
        switch (policy) {
          case DEFAULT -> "default";
          case BIND -> "bind:0";
          case INTERLEAVE -> "interleave:0";
          case PREFERRED -> "prefer( \\(many\\))?:0";
        });
  }

  private static void assertPolicy(NumaPolicy policy, RamBlock block, String when)
      throws IOException {
    String seen = policyAt(block.segment().address());
    assertTrue(expected(policy).matcher(seen).matches(), () -> when + ": " + seen);
  }

  private static RamBlockSpec bound(RamBlockSpec spec, NumaPolicy policy) {
    return spec.withNuma(new NumaBinding(policy, new TreeSet<>(Set.of(0))));
  }

  @ParameterizedTest
  @EnumSource(value = NumaPolicy.class, mode = Mode.EXCLUDE, names = "DEFAULT")
  @DisplayName("the policy stands for a block on a disk and on tmpfs, after re-maps too")
  void files(NumaPolicy policy) throws IOException, RamBlockException {
    for (Storage storage : new Storage[] {Storage.disk(), Storage.tmpfs()}) {
      try (Bench bench = new Bench(storage)) {
        RamBlockSpec spec =
            bound(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), policy)
                .withPrealloc(Preallocation.ALL);
        RamBlock block = bench.mapper().map(spec, Bench.KERNEL);
        assertPolicy(policy, block, storage + ", mapped");
        RamBlock next = bench.mapper().remap(block, MappingStyle.kernel("other"));
        assertPolicy(policy, next, storage + ", re-mapped");
        next.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = NumaPolicy.class, mode = Mode.EXCLUDE, names = "DEFAULT")
  @DisplayName("the policy stands for a private file, anonymous memory and a memfd")
  void memory(NumaPolicy policy) throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      for (Backing backing :
          new Backing[] {
            new Backing.File(bench.file("file")),
            new Backing.Anonymous(),
            new Backing.Memfd(false, ByteSize.ZERO, true)
          }) {
        RamBlockSpec spec =
            bound(RamBlockSpec.of(new BackendId("ram0"), backing, Bench.SIZE, Set.of()), policy);
        try (RamBlock block = bench.mapper().map(spec, Bench.KERNEL)) {
          assertPolicy(policy, block, backing.toString());
        }
      }
    }
  }

  @Test
  @DisplayName("without a policy the kernel is not asked for one")
  void none() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock block =
            bench.mapper().map(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), Bench.KERNEL)) {
      assertPolicy(NumaPolicy.DEFAULT, block, "mapped");
      assertEquals(0, bench.libc.made(SystemCall.MBIND).size());
    }
  }

  @Test
  @DisplayName("a kernel that doesn't know several preferred nodes is asked for one")
  void anOlderKernel() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      bench.libc.with(new Fault(NumaTest::prefersMany, Errno.EINVAL, Fault.Harm.NONE));
      RamBlockSpec spec =
          bound(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), NumaPolicy.PREFERRED);
      try (RamBlock block = bench.mapper().map(spec, Bench.KERNEL)) {
        assertEquals("prefer:0", policyAt(block.segment().address()));
      }
    }
  }

  private static boolean prefersMany(RecordedCall made) {
    return made.call() == SystemCall.MBIND
        && made.arguments().get(2).equals(KernelConstants.MPOL_PREFERRED_MANY);
  }

  @Test
  @DisplayName("a re-map that fails and is taken back keeps the policy")
  void takenBack() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      RamBlockSpec spec =
          bound(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), NumaPolicy.INTERLEAVE);
      try (RamBlock block = bench.mapper().map(spec, Bench.KERNEL)) {
        // the second write-back is the one after the new mapping stands
        bench.libc.with(Fault.ofNth(SystemCall.MSYNC, 2, Errno.EIO));
        assertThrows(
            RamBlockException.class,
            () -> bench.mapper().remap(block, MappingStyle.kernel("other")));
        assertPolicy(NumaPolicy.INTERLEAVE, block, "taken back");
        bench.libc.heal();
        bench.libc.with(
            Fault.ofMmapWith(bench.libc.constants().mapFixed(), Errno.ENOMEM)
                .doing(Fault.Harm.DONE));
        assertThrows(
            RamBlockException.class,
            () -> bench.mapper().remap(block, MappingStyle.kernel("other")));
        assertPolicy(NumaPolicy.INTERLEAVE, block, "its hole filled");
      }
    }
  }
}
