package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a swap left behind may be overwritten by the way back without being said so, and nothing
 * else; on a disk.
 */
@Timeout(120)
class LeftBehindTest {
  private static final int SIZE = 64 << 10;
  private static final SwapLimits CAREFUL = LIMITS.withOverwrite(false);

  private static Map<String, String> properties(SwapFixture fixture, int number) {
    return Place.DISK.properties(fixture, number);
  }

  private static Path file(SwapFixture fixture, int number) {
    return Place.DISK.file(fixture, number).orElseThrow();
  }

  private static void assertGuarded(SwapFixture fixture, int number) {
    SwapException refused =
        assertThrows(
            SwapException.class,
            () -> fixture.swaps.plan(RAM0, properties(fixture, number), CAREFUL));
    assertTrue(
        ("" + refused.getMessage()).contains("holds something already"), refused.getMessage());
  }

  @Test
  @DisplayName("the way back needs no leave: the old file is as the swap left it")
  void wayBack() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.DISK)) {
      fixture.fill();
      for (int number = 1; number < 5; number++) {
        assertDone(fixture.swap(properties(fixture, number), CAREFUL));
      }
      fixture.assertFilled();
    }
  }

  /** Changes a file's content. */
  private static void change(Path file, String how) throws IOException {
    switch (how) {
      case "written" -> {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.write(ByteBuffer.wrap(new byte[] {1}), 4096);
        }
      }
      case "mapped" -> {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            Arena arena = Arena.ofConfined()) {
          channel
              .map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena)
              .set(ValueLayout.JAVA_BYTE, 5000, (byte) 1);
        }
      }
      case "dated back" -> {
        var before = Files.getLastModifiedTime(file);
        change(file, "written");
        Files.setLastModifiedTime(file, before);
      }
      case "another" -> {
        Path other = Files.copy(file, file.resolveSibling("copy"));
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
      }
      default -> throw new IllegalArgumentException(how);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"written", "mapped", "dated back", "another"})
  @DisplayName("an old file that got new content since is guarded, whatever its note says")
  void newContent(String how) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.DISK)) {
      fixture.fill();
      assertDone(fixture.swap(properties(fixture, 1), CAREFUL));
      change(file(fixture, 0), how);
      assertGuarded(fixture, 2);
    }
  }

  @Test
  @DisplayName("a note that was planted beside a file is no leave to overwrite it")
  void planted() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.DISK)) {
      fixture.fill();
      assertDone(fixture.swap(properties(fixture, 1), CAREFUL));
      Path note = Path.of(file(fixture, 0) + ".swap-to.json");
      String text = Files.readString(note);
      Path precious = Files.write(fixture.disk().resolve("precious"), new byte[SIZE]);
      Files.writeString(Path.of(precious + ".swap-to.json"), text);
      Map<String, String> changes = new LinkedHashMap<>(properties(fixture, 2));
      changes.put("mem-path", precious.toString());
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.swaps.plan(RAM0, changes, CAREFUL));
      assertTrue(
          ("" + refused.getMessage()).contains("holds something already"), refused.getMessage());
    }
  }

  @Test
  @DisplayName("nor is one of a copy that was cut off: somebody may have put a whole file there")
  void unfinished() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.DISK)) {
      fixture.fill();
      Files.write(file(fixture, 1), new byte[SIZE]);
      fixture.at(
          Step.PERSIST,
          () -> {
            throw new IOException("mischief");
          });
      assertRolledBack(fixture.swap(properties(fixture, 1), LIMITS), "mischief");
      fixture.steps = StepWatcher.NONE;
      assertTrue(ImageNotes.refusal(file(fixture, 1)).orElseThrow().contains("unfinished copy"));
      Files.write(file(fixture, 1), new byte[SIZE]);
      assertGuarded(fixture, 1);
      assertDone(fixture.swap(properties(fixture, 1), LIMITS));
    }
  }

  @Test
  @DisplayName(
      "a file that comes to hold something between the plan and the copy is not overwritten")
  void comesLate() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.DISK)) {
      fixture.fill();
      assertDone(fixture.swap(properties(fixture, 1), CAREFUL));
      fixture.at(
          Step.PREPARE,
          () -> {
            change(file(fixture, 0), "written");
          });
      assertRolledBack(fixture.swap(properties(fixture, 2), CAREFUL), "holds something by now");
      assertEquals(1, Files.readAllBytes(file(fixture, 0))[4096]);
    }
  }
}
