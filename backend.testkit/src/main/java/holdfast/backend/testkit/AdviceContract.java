package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaBindingException;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Tests the advice to the kernel, preallocation and NUMA binding, and changes of them while a block
 * is in use.
 */
interface AdviceContract extends Contract {
  /** Advice not to merge and not to dump; the content is kept. */
  MemoryAdvice QUIET = new MemoryAdvice(false, false, false);

  private static List<String> flags(RamBlock block) {
    return HostMapping.at(block.segment().address()).orElseThrow().vmFlags();
  }

  private static List<String> shown(RamBlock block) {
    return List.of(block.evidence().vmFlags().split(" "));
  }

  @Test
  @DisplayName("dump=off keeps a block out of core dumps: at the start, changed live, re-mapped")
  default void dumping() throws RamBlockException, IOException {
    RamBlockSpec spec =
        fixture().spec(fixture().file("full"), RamFlag.RAM_SHARED).withAdvice(QUIET);
    RamBlock block = fixture().allocator().allocate(spec);
    assertTrue(flags(block).contains("dd"), () -> "dd is not in " + flags(block));
    RamBlock next = fixture().allocator().remap(block);
    assertTrue(flags(next).contains("dd"), "after a re-map");
    assertTrue(shown(next).contains("dd"), "as evidence");
    next.advise(MemoryAdvice.DEFAULT);
    assertTrue(!flags(next).contains("dd"), "changed");
    assertTrue(!shown(next).contains("dd"), "the evidence is of the moment when it is asked for");
    assertEquals(MemoryAdvice.DEFAULT, next.advice());
    next.advise(QUIET);
    RamBlock last = fixture().allocator().remap(next);
    assertTrue(flags(last).contains("dd"), "changed, then re-mapped");
    assertThrows(RetiredBlockException.class, () -> next.advise(MemoryAdvice.DEFAULT));
    last.close();
    assertThrows(IllegalStateException.class, () -> last.advise(MemoryAdvice.DEFAULT));
  }

  @Test
  @DisplayName("merge=on offers private pages to KSM, and takes them back live")
  default void merging() throws RamBlockException, IOException {
    assumeTrue(Files.exists(Path.of("/sys/kernel/mm/ksm")), "this kernel has no KSM");
    boolean dax = fixture().storage().grantsSync() && !fixture().storage().isSimulated();
    assumeFalse(dax, "KSM merges no pages of DAX files (mm/ksm.c, vma_ksm_compatible)");
    RamBlockSpec spec = fixture().spec(fixture().file("full"));
    try (RamBlock block = fixture().allocator().allocate(spec);
        RamBlock unmerged = fixture().allocator().allocate(spec.withAdvice(QUIET))) {
      assertTrue(flags(block).contains("mg"), () -> "mg is not in " + flags(block));
      assertTrue(!flags(unmerged).contains("mg"));
      block.advise(QUIET);
      assertTrue(!flags(block).contains("mg"));
      unmerged.advise(MemoryAdvice.DEFAULT);
      assertTrue(flags(unmerged).contains("mg"));
    }
  }

  @Test
  @DisplayName("discard-data=on empties the file at an orderly end, and keeps its length")
  default void discarding() throws RamBlockException, IOException {
    Path path = fixture().file("full");
    RamBlockSpec spec =
        fixture().spec(path, RamFlag.RAM_SHARED).withAdvice(new MemoryAdvice(true, true, true));
    fixture().allocator().allocate(spec).close();
    assertArrayEquals(new byte[(int) spec.size().bytes()], Files.readAllBytes(path));
  }

  @Test
  @DisplayName("discard-data can be switched off in time; a start that failed discards nothing")
  default void discardingIsRevocable() throws RamBlockException, IOException {
    Path path = fixture().file("full");
    byte[] content = AllocatorFixture.content(AllocatorFixture.SIZE);
    RamBlockSpec spec =
        fixture().spec(path, RamFlag.RAM_SHARED).withAdvice(new MemoryAdvice(true, true, true));
    RamBlock revoked = fixture().allocator().allocate(spec);
    revoked.advise(QUIET);
    revoked.close();
    assertArrayEquals(content, Files.readAllBytes(path));
    fixture().allocator().allocate(spec).discard();
    assertArrayEquals(content, Files.readAllBytes(path));
    fixture().allocator().allocate(fixture().spec(path).withAdvice(spec.advice())).close();
    assertArrayEquals(content, Files.readAllBytes(path), "a private block has no say in its file");
  }

  @Test
  @DisplayName("preallocation can be had later, and keeps the content")
  default void latePreallocation() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("full"), RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      block.preallocate(OptionalInt.of(1));
      long page = fixture().libc().getpagesize();
      assertEquals(
          spec.size().bytes() / page,
          HostMapping.at(block.segment().address()).orElseThrow().presentPages(page));
      assertArrayEquals(
          AllocatorFixture.content(spec.size()), AllocatorFixture.bytesOf(block.segment()));
    }
  }

  @Test
  @DisplayName("pages are bound to NUMA nodes before they are made present, and at each re-map")
  default void binding() throws RamBlockException, IOException {
    assumeNuma();
    for (NumaPolicy policy :
        List.of(NumaPolicy.BIND, NumaPolicy.PREFERRED, NumaPolicy.INTERLEAVE)) {
      RamBlockSpec spec =
          fixture()
              .spec(fixture().file("full"), RamFlag.RAM_SHARED)
              .withPrealloc(Preallocation.ALL)
              .withNuma(new NumaBinding(policy, new TreeSet<>(Set.of(0))));
      fixture().libc().forget();
      RamBlock block = fixture().allocator().allocate(spec);
      List<SystemCall> order =
          fixture().libc().made().stream()
              .filter(
                  made ->
                      made.call() == SystemCall.MBIND
                          || made.advice() == KernelConstants.MADV_POPULATE_WRITE)
              .map(RecordedCall::call)
              .toList();
      assertEquals(SystemCall.MBIND, order.getFirst());
      assertTrue(order.contains(SystemCall.MADVISE));
      fixture().libc().forget();
      RamBlock next = fixture().allocator().remap(block);
      assertEquals(1, fixture().libc().made(SystemCall.MBIND).size());
      next.close();
    }
  }

  @Test
  @DisplayName("the new block's NUMA policy stands where it takes another's place")
  default void bindingOfAReplacement() throws RamBlockException, IOException {
    assumeNuma();
    NumaBinding node0 = new NumaBinding(NumaPolicy.BIND, new TreeSet<>(Set.of(0)));
    RamBlockSpec old = fixture().spec(fixture().file("old"), RamFlag.RAM_SHARED);
    Path path = fixture().file("new");
    for (RamBlockSpec spec :
        List.of(
            fixture().spec(path, RamFlag.RAM_SHARED),
            fixture().spec(path),
            fixture().spec(path).withNuma(node0),
            fixture().spec(path, RamFlag.RAM_SHARED).withNuma(node0))) {
      RamBlock next = fixture().allocator().allocate(spec);
      try (RamBlock now = next.replace(fixture().allocator().allocate(old))) {
        String start = Long.toHexString(now.segment().address()) + " ";
        List<String> lines = Files.readAllLines(Path.of("/proc/self/numa_maps"));
        String line = lines.stream().filter(one -> one.startsWith(start)).findFirst().orElse("");
        String policy = spec.numa().equals(node0) ? "bind:0 " : "default ";
        assertTrue(line.startsWith(start + policy), () -> spec.numa() + ": " + line);
      }
    }
  }

  @Test
  @DisplayName("a NUMA node that the host doesn't have is refused, and says where to look")
  default void aMissingNode() throws IOException {
    assumeNuma();
    assumeFalse(Files.exists(Path.of("/sys/devices/system/node/node127")), "this host has 128");
    RamBlockSpec spec =
        fixture()
            .spec(fixture().file("full"), RamFlag.RAM_SHARED)
            .withNuma(new NumaBinding(NumaPolicy.BIND, new TreeSet<>(Set.of(127))));
    NumaBindingException refusal = fixture().assertRefused(NumaBindingException.class, spec);
    Sentences.assertNames(refusal, "host-nodes=127");
    Sentences.assertNames(refusal, "/sys/devices/system/node/online");
  }

  /** Skips the test if pages can't be bound at all. */
  private void assumeNuma() {
    RamBlockSpec spec =
        RamBlockSpec.of(
            new BackendId("probe"), new Backing.Anonymous(), AllocatorFixture.SIZE, Set.of());
    try (RamBlock block = fixture().mapper().map(spec, MappingStyle.kernel("probe"))) {
      fixture()
          .libc()
          .mbind(
              block.segment().address(),
              spec.size().bytes(),
              KernelConstants.MPOL_BIND,
              new TreeSet<>(Set.of(0)),
              0);
    } catch (ErrnoException e) {
      assumeTrue(
          !e.is(Errno.ENOSYS), "no libnuma.so.1 (Debian: libnuma1), or a kernel without NUMA");
      throw new AssertionError(e);
    } catch (RamBlockException e) {
      throw new AssertionError(e);
    }
  }
}
