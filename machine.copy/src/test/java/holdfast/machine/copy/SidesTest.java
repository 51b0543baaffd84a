package holdfast.machine.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.CopyTarget;
import holdfast.host.testkit.Storage;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Copying and comparing, on tmpfs. */
class SidesTest {
  private static final int SIZE = 4 << 20;
  private static final int PAGE = 4096;

  /** As often as the JVM needs to compile what compares. */
  private static final int WARM_UP = 300;

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private Path folder;
  private final Arena arena = Arena.ofShared();

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.tmpfs().newFolder();
  }

  @AfterEach
  void removeFolder() throws IOException {
    arena.close();
    Storage.remove(folder);
  }

  private MemorySegment map(String name) throws IOException {
    return map(Files.write(folder.resolve(name), new byte[SIZE]), arena);
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena);
    }
  }

  /** What is copied goes through a mapping. */
  static CopyTarget through(MemorySegment mapped) {
    return (from, offset, length) -> MemorySegment.copy(from, offset, mapped, offset, length);
  }

  private static Sides sides(MemorySegment old, MemorySegment fresh) {
    return new Sides(old, fresh, through(fresh));
  }

  private Sides sides() throws IOException {
    return sides(map("old"), map("new"));
  }

  private static long differences(Sides sides) {
    DirtyRanges different = new DirtyRanges();
    sides.compare(0, SIZE, different);
    return different.bytes();
  }

  @Test
  @DisplayName("each page that differs by a byte is found, and no other; copied, it is equal")
  void eachPageThatDiffers() throws IOException {
    Sides sides = sides();
    for (long page : new long[] {0, 31, 32, 500, SIZE / PAGE - 1}) {
      for (long within : new long[] {0, PAGE / 2 + 1, PAGE - 1}) {
        sides.old().set(ValueLayout.JAVA_BYTE, page * PAGE + within, (byte) 1);
        DirtyRanges different = new DirtyRanges();
        sides.compare(0, SIZE, different);
        assertEquals(PAGE, different.bytes());
        different.forEach((offset, length) -> assertEquals(page * PAGE, offset));
        different.forEach(sides::copy);
        assertEquals(0, differences(sides));
      }
    }
  }

  @Test
  @DisplayName("a range is compared to its ends, which need not be those of pages")
  void endsOfARange() throws IOException {
    Sides sides = sides();
    sides.old().set(ValueLayout.JAVA_BYTE, 99, (byte) 1);
    sides.old().set(ValueLayout.JAVA_BYTE, 200_000, (byte) 1);
    DirtyRanges different = new DirtyRanges();
    sides.compare(100, 199_900, different);
    assertEquals(0, different.bytes());
    sides.compare(100, 199_901, different);
    different.forEach((offset, length) -> assertEquals(200_001, offset + length));
  }

  /** A process that compares two files, one of which is truncated meanwhile. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      Path old = Path.of(arguments[0]);
      Sides sides = sides(map(old, Arena.global()), map(Path.of(arguments[1]), Arena.global()));
      for (int time = 0; time < WARM_UP; time++) {
        if (differences(sides) != 0) {
          throw new IllegalStateException("they differ");
        }
      }
      try (FileChannel file = FileChannel.open(old, StandardOpenOption.WRITE)) {
        file.truncate(SIZE / 2 + 5 * PAGE); // in the middle of what is compared at once
      }
      try {
        System.out.println("different: " + differences(sides));
      } catch (InternalError lost) {
        System.out.println("lost");
      }
    }
  }

  @Test
  @DisplayName(
      "compiled code that compares memory whose file was truncated throws, and the JVM lives on")
  void aTruncatedFile() throws IOException, InterruptedException {
    Path old = Files.write(folder.resolve("old"), new byte[SIZE]);
    Path fresh = Files.write(folder.resolve("new"), new byte[SIZE]);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", // C1, whose MemorySegment.mismatch doesn't survive it
                "-XX:+UseSerialGC",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("crash"),
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                old.toString(),
                fresh.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = process.inputReader()) {
      List<String> said = out.lines().toList();
      assertTrue(process.waitFor(LIMIT), "it does not end");
      assertEquals(List.of("lost"), said);
      assertEquals(0, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }
}
