package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.PersistException;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A machine that is ended with SIGKILL before a step of a swap, on tmpfs and on a disk. Its writer
 * goes on until it is paused, and reports each record that it has persisted.
 */
@Timeout(120)
class SwapKillTest {
  private static final int SIZE = 2 << 20;
  private static final int SLOTS = SIZE / 4096;
  private static final String STEP = "step ";
  private static final String PERSISTED = "persisted ";
  private static final String FOLDER = "folder ";
  private static final String FILES = "files ";
  private static final int MORE = 3 * SLOTS;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** A machine that swaps until a step, and stays there. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws Exception {
      Place here = Place.valueOf(arguments[0]);
      Place there = Place.valueOf(arguments[1]);
      SwapFixture fixture = new SwapFixture(SIZE, here);
      Path old = here.file(fixture, 0).orElseThrow();
      Path next = there.file(fixture, 1).orElseThrow();
      say(FOLDER + fixture.folder);
      say(FILES + old + " " + next);
      Writer writer = new Writer(fixture);
      fixture.writers.add(writer);
      Thread.ofPlatform().daemon().start(writer);
      fixture.steps =
          step -> {
            if (step.name().equals(arguments[2])) {
              say(STEP + step);
              new Semaphore(0).acquireUninterruptibly();
            }
          };
      Map<String, String> changes = there.properties(fixture, 1);
      fixture.swap(changes, SwapFixture.LIMITS.withVerify(true));
      say("it ended: " + fixture.swaps.history(SwapFixture.RAM0));
    }

    static synchronized void say(String line) {
      System.out.println(line);
      System.out.flush();
    }
  }

  /** Stores record after record, one slot after the other, and persists each. */
  private record Writer(SwapFixture fixture, Semaphore storing) implements GuestWriter, Runnable {
    Writer(SwapFixture fixture) {
      this(fixture, new Semaphore(1, true));
    }

    @Override
    public void run() {
      for (long number = 1; ; number++) {
        storing.acquireUninterruptibly();
        try {
          long at = number % SLOTS * 4096;
          fixture.region().segment().set(ValueLayout.JAVA_LONG, at, number);
          fixture.region().persist(at, 8);
          Child.say(PERSISTED + number);
        } catch (PersistException e) {
          throw new IllegalStateException(e);
        } finally {
          storing.release();
        }
      }
    }

    @Override
    public String name() {
      return "vcpu0";
    }

    @Override
    public boolean pause(Duration limit) throws InterruptedException {
      return storing.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void resume() {
      storing.release();
    }
  }

  @ParameterizedTest(name = "{0} to {1}, before {2}")
  @CsvSource({
    "TMPFS, TMPFS, JOURNAL, true, false",
    "TMPFS, TMPFS, ALLOCATE, true, false",
    "TMPFS, TMPFS, FIRST_ROUND, true, false",
    "TMPFS, TMPFS, VERIFY, true, false",
    "TMPFS, TMPFS, LATER_ROUND, true, false",
    "TMPFS, TMPFS, PAUSE, true, false",
    "TMPFS, TMPFS, LAST_COPY, false, false",
    "TMPFS, TMPFS, PERSIST, false, false",
    "TMPFS, TMPFS, COMPLETE, false, false",
    "TMPFS, TMPFS, INSTALL, false, true",
    "TMPFS, TMPFS, RELEASE, true, true",
    "DISK, TMPFS, FIRST_ROUND, true, false",
    "TMPFS, DISK, INSTALL, false, true",
    "DISK, DISK, RELEASE, false, true",
  })
  @DisplayName(
      "whenever it is killed, exactly one of the two files is accepted, and that one holds every"
          + " record that was persisted")
  void killed(Place here, Place there, String step, boolean goesOn, boolean switched)
      throws Exception {
    List<Path> files = new ArrayList<>();
    Set<Path> folders = new TreeSet<>();
    long[] last = new long[SLOTS];
    Process process = start(here, there, step);
    try {
      BlockingQueue<String> lines = listen(process);
      boolean arrived = false;
      int more = 0;
      while (!arrived || goesOn && more < MORE) {
        String line = lines.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertTrue(line != null, "the machine says nothing");
        if (arrived) {
          more++;
        }
        arrived |= line.equals(STEP + step);
        note(line, folders, files, last);
      }
      // the handle's, since the process's own would also close what it said and nobody has read yet
      process.toHandle().destroyForcibly();
      assertTrue(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS));
      assertEquals(128 + 9, process.exitValue(), "it was not the kill that ended it");
      for (String line = lines.take(); !line.isEmpty(); line = lines.take()) {
        note(line, folders, files, last);
      }
      Path good = files.get(switched ? 1 : 0);
      List<Path> accepted =
          files.stream()
              .filter(Files::exists)
              .filter(file -> ImageNotes.refusal(file).isEmpty())
              .toList();
      assertEquals(List.of(good), accepted);
      if (!switched) {
        assertTrue(!Files.exists(Path.of(files.get(1) + ".swap-from.json.new")), "litter");
      }
      assertHolds(good, last);
      assertTrue(!LeakCheck.isLocked(good), "its lock ended with it");
    } finally {
      process.destroyForcibly().waitFor();
      for (Path folder : folders) {
        Storage.remove(folder);
      }
    }
  }

  private static void note(String line, Set<Path> folders, List<Path> files, long[] last) {
    if (line.startsWith(FOLDER)) {
      folders.add(Path.of(line.substring(FOLDER.length())));
    } else if (line.startsWith(FILES)) {
      for (String file : line.substring(FILES.length()).split(" ")) {
        files.add(Path.of(file));
        folders.add(Path.of(file).getParent()); // made for the test, like the other one
      }
    } else if (line.startsWith(PERSISTED)) {
      long number = Long.parseLong(line.substring(PERSISTED.length()));
      last[(int) (number % SLOTS)] = number;
    } else {
      assertTrue(line.startsWith(STEP), line);
    }
  }

  private static void assertHolds(Path file, long[] last) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
    for (int slot = 0; slot < SLOTS; slot++) {
      long found = bytes.getLong(slot * 4096);
      long unreported = last[slot] > 0 || slot == 0 ? last[slot] + SLOTS : slot;
      assertTrue(
          found == last[slot] || found == unreported,
          "slot " + slot + " has record " + found + ", and " + last[slot] + " was persisted");
    }
  }

  private static Process start(Place here, Place there, String step) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData", // a killed JVM would leave its file
            "--enable-native-access=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-Dlogback.configurationFile=" + System.getProperty("logback.configurationFile", ""),
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            here.name(),
            there.name(),
            step);
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Its lines, and an empty one at the end. */
  private static BlockingQueue<String> listen(Process process) {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (BufferedReader out = process.inputReader()) {
                // a line that was cut off by the kill says nothing
                StringBuilder line = new StringBuilder();
                for (int c = out.read(); c >= 0; c = out.read()) {
                  if (c == '\n') {
                    lines.add(line.toString());
                    line.setLength(0);
                  } else {
                    line.append((char) c);
                  }
                }
              } catch (IOException | UncheckedIOException killed) {
                // what it said before is in the queue
              } finally {
                lines.add("");
              }
            });
    return lines;
  }
}
