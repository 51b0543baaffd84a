package holdfast.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guards against gross regressions alone: the least of several tries is compared with that of a C
 * program, and the margins are so wide that a busy machine can't fail it. {@code bench/run} tells
 * what is really reached.
 */
@DisplayName("nothing is many times as slow as C")
class GrossRegressionTest {
  private static final Path SOURCES = Path.of("src/main/c");
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final int TRIES = 20;
  private static final long SIZE = 64L << 20;

  @TempDir private static Path programs;

  /** Why nothing can be compared; empty if it can. */
  private static String obstacle = "";

  @BeforeAll
  static void compile() throws Exception {
    if (Words.firstLine("cc", "--version").isEmpty()) {
      obstacle = "cc, which compiles the C programs to compare with, is not on PATH";
      return;
    }
    for (String name : List.of("access", "map", "persist", "copy")) {
      Process cc =
          new ProcessBuilder(
                  "cc",
                  "-O2",
                  "-pthread",
                  "-o",
                  programs.resolve(name).toString(),
                  SOURCES.resolve(name + ".c").toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(cc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (cc.waitFor() != 0) {
        obstacle = "cc can't compile " + name + ".c: " + said;
        return;
      }
    }
    System.setProperty("holdfast.bench.rivals", programs.toString());
  }

  @BeforeEach
  void requireRivals() {
    assumeTrue(obstacle.isEmpty(), obstacle);
    assumeTrue(Files.isDirectory(MEMORY), "there is no /dev/shm");
  }

  /** The least of the numbers that a C program prints. */
  private static double c(String name, Object... arguments) throws Exception {
    return Collections.min(
        new Rival(name).run(arguments).values().stream().flatMap(List::stream).toList());
  }

  /**
   * Compares the least of several tries with what C takes. Ends early when the margin is kept: a
   * JVM warms up on the way.
   *
   * @param nanos one try
   */
  private static void requireWithin(double times, double c, Callable<Double> nanos)
      throws Exception {
    double least = Double.MAX_VALUE;
    for (int number = 0; number < TRIES && least > times * c; number++) {
      least = Math.min(least, nanos.call());
    }
    double took = least;
    assertTrue(
        took <= times * c,
        () -> took + " ns, and C takes " + c + " ns: more than " + times + " times as long");
  }

  @Test
  @DisplayName("8 bytes in one of 16 devices: within 20 times")
  void access() throws Exception {
    double c = c("access", 16, 1 << 20, 4096, "read", 5) / 1000;
    AccessCalls calls = new AccessCalls();
    calls.devices = 16;
    calls.size = 1 << 20;
    calls.span = 4096;
    calls.open();
    try {
      int times = 1000;
      requireWithin(
          20,
          c,
          () -> {
            long before = System.nanoTime();
            long sum = 0;
            for (int i = 0; i < times; i++) {
              sum += calls.guestRead();
            }
            double took = System.nanoTime() - before;
            assertTrue(sum != 42);
            return took / times / AccessCalls.ACCESSES;
          });
    } finally {
      calls.close();
    }
  }

  @Test
  @DisplayName("mapping and unmapping a file: within 100 times")
  void map() throws Exception {
    Path file = new Place("tmpfs", MEMORY).file("guard", SIZE);
    try {
      double c = c("map", file, SIZE, 200);
      MapCalls calls = new MapCalls();
      calls.file = file.toString();
      calls.size = SIZE;
      requireWithin(100, c, () -> least(50, calls::mapAndUnmap));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @Test
  @DisplayName("flushing a clean cache line: within 50 times an msync that does nothing")
  void persist() throws Exception {
    assumeTrue(Flushed.flush().isPresent(), "this host has no flush of cache lines");
    Path file = new Place("tmpfs", MEMORY).file("guard", 1 << 20);
    RamBlock block =
        new Flushed(Flushed.flush().orElseThrow())
            .allocate(
                RamBlockSpec.of(
                    new BackendId("guard"),
                    new Backing.File(file),
                    new ByteSize(1 << 20),
                    Set.of(RamFlag.RAM_SHARED)));
    try {
      double c = c("persist", file, 1 << 20, 64, 1000);
      requireWithin(50, c, () -> least(100, () -> block.persist(64, 64)));
    } finally {
      block.close();
      Files.deleteIfExists(file);
    }
  }

  @Test
  @DisplayName("the pause of a swap: less than half of what C needs to copy all")
  void swapPause() throws Exception {
    Path first = new Place("tmpfs", MEMORY).file("guard-0");
    Path[] here = {first};
    int[] number = {0};
    try (SwapRun run = new SwapRun(first, SIZE, 0)) {
      double c = c("copy", first, new Place("tmpfs", MEMORY).file("guard-c"), SIZE);
      requireWithin(
          0.5,
          c,
          () -> {
            Path there = new Place("tmpfs", MEMORY).file("guard-" + ++number[0]);
            SwapRun.Done done = run.toFile(there);
            run.forget(here[0]);
            here[0] = there;
            return (double) done.report().pause().toNanos();
          });
    }
  }

  /** A call that may fail. */
  private interface Call {
    void run() throws Exception;
  }

  /** The least that one of some calls takes. */
  private static double least(int times, Call call) throws Exception {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < times; i++) {
      long before = System.nanoTime();
      call.run();
      least = Math.min(least, System.nanoTime() - before);
    }
    return least;
  }
}
