package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.MapperAllocator;
import holdfast.machine.core.RealMachine;
import holdfast.machine.core.Region;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A machine of real blocks whose regions, {@code ram0} and so on, can be swapped; at the end
 * nothing of it may be left but files.
 */
public final class SwapFixture implements AutoCloseable {
  public static final Duration LIMIT = Duration.ofSeconds(60);

  /** Generous: what a busy machine makes of writers' speed is not to decide a test. */
  public static final SwapLimits LIMITS =
      SwapLimits.DEFAULT
          .withDowntime(Duration.ofSeconds(30))
          .withPause(Duration.ofSeconds(30))
          .withOverwrite(true);

  public static final BackendId RAM0 = new BackendId("ram0");

  public final FaultyLibc libc = FaultyLibc.host();
  public final Path folder;
  public final GuestWriters writers = new GuestWriters();
  public final RealMachine machine;
  public final Swaps swaps;

  /** What is done before a step of any swap. */
  volatile StepWatcher steps = StepWatcher.NONE;

  public volatile SwapRecorder recorder = SwapRecorder.NONE;
  public volatile Runnable wake = () -> {};

  private final LeakCheck leaks;
  private @Nullable Path disk;
  private @Nullable LeakCheck leaksOnDisk;

  public SwapFixture(long size, Place... places) throws Exception {
    folder = Storage.tmpfs().newFolder();
    leaks = LeakCheck.start(libc, folder);
    MapperAllocator allocator =
        new MapperAllocator(new RamMapper(libc, Path.of("/sys")), MappingStyle.kernel("file"));
    List<Map<String, String>> backends = new ArrayList<>();
    for (int number = 0; number < places.length; number++) {
      Map<String, String> backend = new LinkedHashMap<>(places[number].properties(this, 0));
      backend.put("id", "ram" + number);
      backend.put("size", "" + size);
      backends.add(backend);
    }
    machine = new RealMachine(allocator, backends, ImageNotes::refusal);
    swaps =
        new Swaps(
            machine.machine(),
            writers,
            (backend, outcome) -> recorder.ended(backend, outcome),
            () -> wake.run(),
            step -> steps.before(step));
    machine.machine().beforeClose(swaps::close);
  }

  /** A folder on a disk; the test is skipped if there is none. */
  synchronized Path disk() {
    try {
      Path made = disk;
      if (made == null) {
        made = Storage.disk().newFolder();
        leaksOnDisk = LeakCheck.start(libc, made);
        disk = made;
      }
      return made;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  public Region region() {
    return region(RAM0);
  }

  public Region region(BackendId id) {
    return machine.machine().find(id.value()).orElseThrow().region();
  }

  /** What is done before a step. */
  interface Action {
    /** Throws to make the swap fail there. */
    void run() throws IOException;
  }

  /** From now on {@code action} is done before a step of any swap. */
  void at(Step wanted, Action action) {
    steps =
        step -> {
          if (step == wanted) {
            action.run();
          }
        };
  }

  /** Is called before each step of any swap. */
  public interface Watcher {
    /**
     * Throws to make the swap fail there.
     *
     * @param step {@code round 1} for the first round of copying, and the names of the others
     */
    void before(String step) throws IOException;
  }

  /** From now on {@code watcher} is called before each step of any swap. */
  public void watch(Watcher watcher) {
    steps = step -> watcher.before(step == Step.FIRST_ROUND ? "round 1" : step.name());
  }

  public RunningSwap start(Map<String, String> changes, SwapLimits limits) throws SwapException {
    return swaps.start(RAM0, changes, limits);
  }

  /** A whole swap, however it ends. */
  public SwapReport swap(Map<String, String> changes, SwapLimits limits) throws Exception {
    return end(start(changes, limits));
  }

  public static SwapReport end(RunningSwap task) throws InterruptedException {
    SwapReport report = task.await(LIMIT);
    assertTrue(report.phase().isEnd(), () -> "it does not end: " + report);
    return report;
  }

  public static void assertDone(SwapReport report) {
    assertEquals("", report.reason());
    assertEquals(SwapPhase.DONE, report.phase());
  }

  public static void assertRolledBack(SwapReport report, String reason) {
    assertEquals(SwapPhase.ROLLED_BACK, report.phase(), report::toString);
    assertTrue(report.reason().contains(reason), report::reason);
  }

  /** Stores another number into each page of ram0. */
  public void fill() {
    for (long at = 0; at < region().size().bytes(); at += 512) {
      region().segment().set(ValueLayout.JAVA_LONG, at, at * 31 + 7);
    }
  }

  /** That each page of ram0 has it. */
  public void assertFilled() {
    for (long at = 0; at < region().size().bytes(); at += 512) {
      assertEquals(at * 31 + 7, region().segment().get(ValueLayout.JAVA_LONG, at));
    }
  }

  /** The names in the folder on tmpfs. */
  public Set<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }

  /** A swap's thread ends a moment after whoever awaits the swap is woken. */
  public static void awaitThreads() {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("holdfast-swap-ram")) {
        try {
          assertTrue(thread.join(LIMIT), () -> thread + " is left");
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    libc.heal();
    machine.close();
    Path made = disk;
    LeakCheck there = leaksOnDisk;
    try {
      leaks.close();
      if (there != null) {
        there.close();
      }
      awaitThreads();
    } finally {
      Storage.remove(folder);
      if (made != null) {
        Storage.remove(made);
      }
    }
  }
}
