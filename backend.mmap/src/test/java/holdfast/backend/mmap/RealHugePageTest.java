package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockOffsetException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.Sentences;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Blocks of the kernel's own huge pages of 2 MiB, which only root can provide: files on a mounted
 * hugetlbfs, and memfds. What doesn't need them is in {@link HugePageTest}.
 */
@Timeout(60)
class RealHugePageTest {
  private static final ByteSize HUGE = ByteSize.mib(2);
  private static final ByteSize SIZE = ByteSize.mib(8);

  /** What the tests need at a time. */
  private static final int PAGES = 8;

  private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");
  private static final Path PAGES_IN_POOL = POOL.resolve("nr_hugepages");

  private String pagesBefore = "";
  private long free;

  @BeforeEach
  void fillPool() throws IOException {
    assumeTrue(Files.isDirectory(POOL), "this host has no huge pages of 2 MiB");
    assumeTrue(
        number("nr_overcommit_hugepages") == 0, "this host makes more huge pages when asked to");
    pagesBefore = Files.readString(PAGES_IN_POOL).strip();
    try {
      Files.writeString(PAGES_IN_POOL, "" + (Long.parseLong(pagesBefore) + PAGES));
    } catch (IOException e) {
      pagesBefore = "";
      abort("can't provide huge pages, which only root can: " + e);
    }
    free = available();
    assumeTrue(free >= PAGES, "this host grants " + free + " huge pages of 2 MiB, not " + PAGES);
  }

  @AfterEach
  void drainPool() throws IOException {
    if (pagesBefore.isEmpty()) {
      return;
    }
    try {
      assertEquals(free, available(), "huge pages that are neither free nor somebody's");
    } finally {
      Files.writeString(PAGES_IN_POOL, pagesBefore);
    }
  }

  private static long number(String name) throws IOException {
    return Long.parseLong(Files.readString(POOL.resolve(name)).strip());
  }

  /** Pages that are free and that nobody was promised. */
  private static long available() throws IOException {
    return number("free_hugepages") - number("resv_hugepages");
  }

  /** What is made of huge pages. */
  @SuppressWarnings("ImmutableEnumChecker") // a function of the folder alone
  private enum Made {
    FILE(folder -> new Backing.File(folder.resolve("huge"))),
    MEMFD(folder -> new Backing.Memfd(true, HUGE, true)),
    /** Of the host's default size. */
    DEFAULT_MEMFD(folder -> new Backing.Memfd(true, ByteSize.ZERO, false));

    private final Function<Path, Backing> backing;

    Made(Function<Path, Backing> backing) {
      this.backing = backing;
    }

    RamBlockSpec spec(Bench bench, ByteSize size, RamFlag... flags) {
      return RamBlockSpec.of(
          new BackendId("huge0"), backing.apply(bench.folder), size, Arrays.asList(flags));
    }

    void assumeSuits() throws IOException {
      boolean two =
          Files.readString(Path.of("/proc/meminfo"))
              .lines()
              .anyMatch(line -> line.matches("Hugepagesize: +2048 kB"));
      assumeTrue(this != DEFAULT_MEMFD || two, "this host's default huge page is not 2 MiB");
    }
  }

  private interface Check {
    void with(Bench bench) throws Exception;
  }

  private static void onHugePages(Check check) throws Exception {
    try (Mount mount = Mount.hugetlbfs();
        Bench bench = new Bench(mount.storage())) {
      check.with(bench);
    }
  }

  @ParameterizedTest
  @EnumSource(Made.class)
  @DisplayName("a block is made of pages of 2 MiB, at an address aligned to them, and serves")
  void made(Made made) throws Exception {
    made.assumeSuits();
    onHugePages(
        bench -> {
          for (RamFlag[] flags : new RamFlag[][] {{RamFlag.RAM_SHARED}, {}}) {
            try (RamBlock block = bench.mapper().map(made.spec(bench, SIZE, flags), Bench.KERNEL)) {
              assertEquals(HUGE, block.pageSize());
              assertEquals(new Alignment(HUGE.bytes()), block.align());
              assertTrue(block.align().divides(block.segment().address()));
              List<String> seen = flagsOf(block);
              assertTrue(seen.contains("ht"), () -> "ht is not in " + seen);
              assertEquals(Granularity.NONE, block.durability().obtained());
              block.segment().fill((byte) 7);
              block.persist(0, SIZE.bytes());
              assertEquals(7, block.segment().get(ValueLayout.JAVA_BYTE, SIZE.bytes() - 1));
            }
            assertEquals(List.of(), bench.leaks().leaks());
            Files.deleteIfExists(bench.folder.resolve("huge"));
          }
        });
  }

  private static List<String> flagsOf(RamBlock block) {
    return HostMapping.at(block.segment().address()).orElseThrow().vmFlags();
  }

  @Test
  @DisplayName(
      "shared huge pages take the place of ordinary ones at addresses that suit them, and the other"
          + " way round; private ones would have to be moved, and are refused")
  void takeThePlaceOfOrdinaryPages() throws Exception {
    onHugePages(
        bench -> {
          RamBlockSpec ordinary =
              RamBlockSpec.of(
                      new BackendId("huge0"),
                      new Backing.Memfd(false, ByteSize.ZERO, true),
                      SIZE,
                      List.of(RamFlag.RAM_SHARED))
                  .withAlign(new Alignment(HUGE.bytes()));
          RamBlock first = bench.mapper().map(ordinary, Bench.KERNEL);
          first.segment().fill((byte) 5);
          long address = first.segment().address();

          RamBlock second =
              replace(
                  first,
                  bench
                      .mapper()
                      .map(Made.MEMFD.spec(bench, SIZE, RamFlag.RAM_SHARED), Bench.KERNEL));
          assertEquals(address, second.segment().address());
          assertEquals(HUGE, second.pageSize());
          assertTrue(flagsOf(second).contains("ht"));

          RamBlock hugeAndPrivate = bench.mapper().map(Made.MEMFD.spec(bench, HUGE), Bench.KERNEL);
          RamBlock small = bench.mapper().map(ordinary.withSize(HUGE), Bench.KERNEL);
          assertEquals(
              "private memory of huge pages can't be moved: make it shared, with share=on",
              hugeAndPrivate.replaceObstacle(small).orElseThrow());
          hugeAndPrivate.discard();
          small.discard();

          RamBlock third = replace(second, bench.mapper().map(ordinary, Bench.KERNEL));
          assertEquals(address, third.segment().address());
          assertTrue(!flagsOf(third).contains("ht"));
          third.close();
          assertEquals(List.of(), bench.leaks().leaks());
        });
  }

  /** Copies, exchanges, and looks whether everything is there. */
  private static RamBlock replace(RamBlock present, RamBlock next) throws RamBlockException {
    next.segment().copyFrom(present.segment());
    RamBlock now = next.replace(present);
    for (long at = 0; at < SIZE.bytes(); at += 4096) {
      assertEquals(5, now.segment().get(ValueLayout.JAVA_BYTE, at));
    }
    return now;
  }

  @ParameterizedTest
  @EnumSource(Made.class)
  @DisplayName("sizes and alignments below the page are refused with it")
  void geometry(Made made) throws Exception {
    made.assumeSuits();
    onHugePages(
        bench -> {
          for (ByteSize size : List.of(ByteSize.kib(4), ByteSize.mib(1), ByteSize.mib(3))) {
            BlockSizeException refusal =
                assertThrows(
                    BlockSizeException.class,
                    () ->
                        bench
                            .mapper()
                            .map(made.spec(bench, size, RamFlag.RAM_SHARED), Bench.KERNEL));
            assertEquals(HUGE, refusal.unit());
          }
          RamBlockSpec spec = made.spec(bench, SIZE, RamFlag.RAM_SHARED);
          BlockAlignmentException refusal =
              assertThrows(
                  BlockAlignmentException.class,
                  () -> bench.mapper().map(spec.withAlign(new Alignment(1 << 20)), Bench.KERNEL));
          assertEquals(new Alignment(HUGE.bytes()), refusal.needed());
          assertEquals(Set.of(), bench.leaks().newFiles());
          Alignment wide = new Alignment(1L << 30);
          try (RamBlock block = bench.mapper().map(spec.withAlign(wide), Bench.KERNEL)) {
            assertTrue(wide.divides(block.segment().address()));
          }
        });
  }

  @Test
  @DisplayName("a block begins at an offset that is a multiple of the page, and at no other")
  void offsets() throws Exception {
    onHugePages(
        bench -> {
          Path path = bench.folder.resolve("huge");
          RamBlockSpec uneven = at(path, ByteSize.mib(1));
          BlockOffsetException refusal =
              assertThrows(
                  BlockOffsetException.class, () -> bench.mapper().map(uneven, Bench.KERNEL));
          assertEquals(HUGE, refusal.unit());
          assertEquals(Set.of(), bench.leaks().newFiles());
          try (RamBlock block = bench.mapper().map(at(path, HUGE), Bench.KERNEL)) {
            assertEquals(SIZE.bytes() + HUGE.bytes(), Files.size(path));
            block.segment().set(ValueLayout.JAVA_LONG, 0, 42);
          }
          RamBlockSpec all =
              RamBlockSpec.of(
                  new BackendId("huge0"),
                  new Backing.File(path),
                  new ByteSize(SIZE.bytes() + HUGE.bytes()),
                  Set.of(RamFlag.RAM_SHARED));
          try (RamBlock block = bench.mapper().map(all, Bench.KERNEL)) {
            assertEquals(42, block.segment().get(ValueLayout.JAVA_LONG, HUGE.bytes()));
          }
        });
  }

  private static RamBlockSpec at(Path path, ByteSize offset) {
    return RamBlockSpec.of(
        new BackendId("huge0"),
        new Backing.File(path, offset, false),
        SIZE,
        Set.of(RamFlag.RAM_SHARED));
  }

  @ParameterizedTest
  @EnumSource(Made.class)
  @DisplayName("prealloc=on takes all of the pages out of the pool before the block is there")
  void preallocated(Made made) throws Exception {
    made.assumeSuits();
    onHugePages(
        bench -> {
          for (RamFlag[] flags : new RamFlag[][] {{RamFlag.RAM_SHARED}, {}}) {
            RamBlockSpec spec = made.spec(bench, SIZE, flags).withPrealloc(Preallocation.ALL);
            long before = number("free_hugepages");
            try (RamBlock block = bench.mapper().map(spec, Bench.KERNEL)) {
              long taken = before - number("free_hugepages");
              assertEquals(spec.size(), block.spec().size());
              // a private block has copies of the pages of its file
              assertTrue(taken >= SIZE.bytes() / HUGE.bytes(), () -> taken + " pages are taken");
            }
            Files.deleteIfExists(bench.folder.resolve("huge"));
          }
        });
  }

  @ParameterizedTest
  @EnumSource(Made.class)
  @DisplayName("too few free pages are an error of the start that says so, and nothing is left")
  void tooFew(Made made) throws Exception {
    made.assumeSuits();
    ByteSize tooMuch = new ByteSize((free + 1) * HUGE.bytes());
    onHugePages(
        bench -> {
          for (RamFlag[] flags : new RamFlag[][] {{RamFlag.RAM_SHARED}, {}}) {
            for (Preallocation prealloc : List.of(Preallocation.NONE, Preallocation.ALL)) {
              RamBlockSpec spec = made.spec(bench, tooMuch, flags).withPrealloc(prealloc);
              RamBlockException refusal =
                  assertThrows(
                      RamBlockException.class, () -> bench.mapper().map(spec, Bench.KERNEL));
              Sentences.assertNames(refusal, "huge0");
              Sentences.assertNames(refusal, spec.backing().toString());
              Sentences.assertNames(refusal, "huge pages");
              assertEquals(List.of(), bench.leaks().leaks());
              assertEquals(Set.of(), bench.leaks().newFiles());
              assertEquals(free, available());
            }
          }
        });
  }

  @ParameterizedTest
  @EnumSource(Made.class)
  @DisplayName(
      "with reserve=off a block may have more than there are, and serves as far as they go")
  void notReserved(Made made) throws Exception {
    made.assumeSuits();
    ByteSize tooMuch = new ByteSize((free + 1) * HUGE.bytes());
    onHugePages(
        bench -> {
          RamBlockSpec spec = made.spec(bench, tooMuch, RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE);
          try (RamBlock block = bench.mapper().map(spec, Bench.KERNEL)) {
            List<String> seen = flagsOf(block);
            assertTrue(seen.contains("nr") && seen.contains("ht"), seen::toString);
            block.segment().set(ValueLayout.JAVA_LONG, HUGE.bytes(), 42);
            assertEquals(42, block.segment().get(ValueLayout.JAVA_LONG, HUGE.bytes()));
            assertEquals(free - 1, available());
          }
        });
  }

  @Test
  @DisplayName("a block that all pages are taken by is re-mapped without one more")
  void remapped() throws Exception {
    onHugePages(
        bench -> {
          ByteSize all = new ByteSize(free * HUGE.bytes());
          RamBlock block =
              bench.mapper().map(Made.FILE.spec(bench, all, RamFlag.RAM_SHARED), Bench.KERNEL);
          block.segment().set(ValueLayout.JAVA_LONG, 0, 42);
          RamBlock next = bench.mapper().remap(block, bench.pmem);
          assertEquals(42, next.segment().get(ValueLayout.JAVA_LONG, 0));
          next.close();
        });
  }

  @Test
  @DisplayName("discard-data=on gives the pages of a file back to the pool at an orderly end")
  void discarded() throws Exception {
    onHugePages(
        bench -> {
          RamBlockSpec spec =
              Made.FILE
                  .spec(bench, SIZE, RamFlag.RAM_SHARED)
                  .withAdvice(new MemoryAdvice(true, true, true));
          RamBlock block = bench.mapper().map(spec, Bench.KERNEL);
          assertEquals(free - SIZE.bytes() / HUGE.bytes(), available());
          block.close();
          assertEquals(free, available());
          assertEquals(SIZE.bytes(), Files.size(bench.folder.resolve("huge")));
        });
  }

  @Test
  @DisplayName(
      "in a folder on hugetlbfs, the way QEMU is used most, a block has a file without a name")
  void aFolder() throws Exception {
    onHugePages(
        bench -> {
          RamBlockSpec spec =
              RamBlockSpec.of(
                  new BackendId("huge0"),
                  new Backing.File(bench.folder),
                  SIZE,
                  Set.of(RamFlag.RAM_SHARED));
          try (RamBlock block = bench.mapper().map(spec, Bench.KERNEL)) {
            assertEquals(HUGE, block.pageSize());
            assertEquals(Set.of(), bench.leaks().newFiles());
            block.segment().fill((byte) 1);
          }
        });
  }
}
