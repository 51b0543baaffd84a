package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.host.linux.HostLibc;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;

/** A block of some kind of memory whose pages can be tracked, with a bench of its own. */
final class Tracked implements AutoCloseable {
  private static final Path HUGE_POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");

  /** The kinds of memory that can be tracked, and where their files are. */
  @SuppressWarnings("ImmutableEnumChecker") // nobody changes what they are made with
  enum Memory {
    DISK(Storage::disk, MemoryKind.FILE),
    DISK_PRIVATE(Storage::disk, MemoryKind.PRIVATE_FILE),
    TMPFS(Storage::tmpfs, MemoryKind.FILE),
    TMPFS_PRIVATE(Storage::tmpfs, MemoryKind.PRIVATE_FILE),
    MEMFD(Storage::tmpfs, MemoryKind.MEMFD),
    ANONYMOUS(Storage::tmpfs, MemoryKind.ANONYMOUS),
    ANONYMOUS_SHARED(Storage::tmpfs, MemoryKind.ANONYMOUS_SHARED),
    HUGE(Storage::tmpfs, MemoryKind.HUGE_MEMFD);

    private final Supplier<Storage> storage;
    private final MemoryKind kind;

    Memory(Supplier<Storage> storage, MemoryKind kind) {
      this.storage = storage;
      this.kind = kind;
    }
  }

  /** A run of pages, by the number of the first and of the one behind the last. */
  record Run(long from, long to) {}

  final Bench bench;
  final RamBlock block;
  final long page;
  final int pages;

  Tracked(Memory memory, int pages) throws IOException, RamBlockException {
    assumeTrackable();
    this.pages = pages;
    page =
        memory == Memory.HUGE ? MemoryKind.hugePage().bytes() : HostLibc.instance().getpagesize();
    if (memory == Memory.HUGE) {
      assumeHugePages(pages);
    }
    bench = new Bench(memory.storage.get());
    block = bench.mapper().map(spec(memory.kind), Bench.KERNEL);
  }

  private RamBlockSpec spec(MemoryKind kind) {
    return RamBlockSpec.of(
        new BackendId("ram0"),
        kind.backing(bench.folder.resolve("ram")),
        new ByteSize(pages * page),
        List.copyOf(kind.flags()));
  }

  /** The test is skipped, with the reason, where the kernel can't. */
  static void assumeTrackable() {
    Optional<String> reason = new RamMapper().trackingObstacle();
    assumeTrue(reason.isEmpty(), reason.orElse(""));
  }

  private static void assumeHugePages(int pages) throws IOException {
    assumeTrue(Files.isDirectory(HUGE_POOL), "this kernel has no huge pages of 2 MiB");
    long free = number("free_hugepages") - number("resv_hugepages");
    long more = number("nr_overcommit_hugepages") - number("surplus_hugepages");
    assumeTrue(
        free + more >= pages,
        "not enough huge pages of 2 MiB here: set vm.nr_overcommit_hugepages=" + pages);
  }

  private static long number(String file) throws IOException {
    return Long.parseLong(Files.readString(HUGE_POOL.resolve(file)).strip());
  }

  DirtyTracking arm() throws RamBlockException {
    return block.track();
  }

  /** Stores into a page, somewhere within it. */
  void store(long number) {
    long at = number * page + number * 8 % page;
    block.segment().set(ValueLayout.JAVA_LONG, at, number + 1);
  }

  /** Loads from a page. */
  long load(long number) {
    return block.segment().get(ValueLayout.JAVA_LONG, number * page + number * 8 % page);
  }

  /** One scan, as runs of pages. */
  List<Run> scan(DirtyTracking tracking) throws RamBlockException {
    List<Run> runs = new ArrayList<>();
    long bytes =
        tracking.scan(
            (offset, length) -> {
              if (offset % page != 0 || length % page != 0 || length == 0) {
                throw new AssertionError("not whole pages: " + offset + ", " + length);
              }
              runs.add(new Run(offset / page, (offset + length) / page));
            });
    long told = runs.stream().mapToLong(run -> (run.to - run.from) * page).sum();
    if (told != bytes) {
      throw new AssertionError(bytes + " bytes returned, " + told + " reported");
    }
    return runs;
  }

  /** The maximal runs of a set of pages, in their order. */
  static List<Run> runsOf(SortedSet<Long> numbers) {
    List<Run> runs = new ArrayList<>();
    for (long number : numbers) {
      if (!runs.isEmpty() && runs.getLast().to == number) {
        runs.add(new Run(runs.removeLast().from, number + 1));
      } else {
        runs.add(new Run(number, number + 1));
      }
    }
    return runs;
  }

  static List<Run> runsOf(Long... numbers) {
    return runsOf(new TreeSet<>(List.of(numbers)));
  }

  /** Whether the kernel says that the block's pages are write-protected: {@code uw} in VmFlags. */
  boolean isArmed() {
    return HostMapping.at(block.segment().address()).orElseThrow().vmFlags().contains("uw");
  }

  @Override
  public void close() throws IOException {
    block.close();
    bench.close();
  }
}
