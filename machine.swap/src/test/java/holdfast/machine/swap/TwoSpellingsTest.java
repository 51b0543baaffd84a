package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static holdfast.machine.swap.SwapFixture.end;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.swap.internal.journal.GivenWarnings;
import holdfast.machine.swap.internal.journal.ImageNotes;
import holdfast.machine.swap.internal.journal.Side;
import holdfast.machine.swap.internal.journal.SwapJournal;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One file has many spellings, and is one file all the same; on tmpfs. */
@Timeout(120)
class TwoSpellingsTest {
  private static final int SIZE = 64 << 10;

  private static Map<String, String> to(SwapFixture fixture, Path path) {
    Map<String, String> changes = new LinkedHashMap<>(Place.TMPFS.properties(fixture, 1));
    changes.put("mem-path", path.toString());
    return changes;
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
  }

  private static boolean canMount(Path there, Path here) throws Exception {
    Process process =
        new ProcessBuilder("mount", "--bind", there.toString(), here.toString()).start();
    return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  @ParameterizedTest
  @ValueSource(strings = {"dot", "dots", "link", "bind"})
  @DisplayName("two regions are not swapped to one file, however its path is spelled")
  void oneTargetForTwo(String spelling) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS, Place.MEMFD)) {
      Path other = fixture.folder.resolveSibling(fixture.folder.getFileName() + "-other");
      Path spelled =
          switch (spelling) {
            case "dot" -> Path.of(fixture.folder + "/./tmpfs1");
            case "dots" ->
                Path.of(fixture.folder + "/../" + fixture.folder.getFileName() + "/tmpfs1");
            default -> other.resolve("tmpfs1");
          };
      boolean mounted = false;
      if (spelling.equals("link")) {
        Files.createSymbolicLink(other, fixture.folder);
      } else if (spelling.equals("bind")) {
        Files.createDirectory(other);
        mounted = canMount(fixture.folder, other);
      }
      try {
        Assumptions.assumeTrue(mounted || !spelling.equals("bind"), "mount --bind is not allowed");
        fixture.fill();
        RunningSwap first =
            fixture.start(
                Place.TMPFS.properties(fixture, 1), LIMITS.withBandwidth(new ByteSize(1)));
        SwapException refused =
            assertThrows(
                SwapException.class,
                () -> fixture.swaps.start(new BackendId("ram1"), to(fixture, spelled), LIMITS));
        assertTrue(
            ("" + refused.getMessage())
                .contains("is what memory backend 'ram0' is being swapped to"),
            refused.getMessage());
        first.cancel();
        assertRolledBack(end(first), "it was cancelled");
        assertEquals(Set.of("tmpfs0"), fixture.files());
      } finally {
        if (mounted) {
          run("umount", other.toString());
        }
        Files.deleteIfExists(other);
      }
    }
  }

  @Test
  @DisplayName("a file that was removed while it is in use is swapped to its own name")
  void removed() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Path file = fixture.folder.resolve("tmpfs0");
      Files.delete(file);
      assertDone(fixture.swap(to(fixture, Path.of(fixture.folder + "/./tmpfs0")), LIMITS));
      fixture.assertFilled();
      assertEquals(Optional.empty(), ImageNotes.refusal(file), "it is the only one there is");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      Files.delete(file);
      assertDone(
          fixture.swap(
              Map.of("mem-path", Path.of(fixture.folder + "/./tmpfs0").toString()), LIMITS));
      assertEquals(Optional.empty(), ImageNotes.refusal(file), "spelled as it was, too");
    }
  }

  @Test
  @DisplayName("a file whose name another one has by now gets no note for what it isn't")
  void renamed() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Path file = fixture.folder.resolve("tmpfs0");
      Files.move(file, fixture.folder.resolve("elsewhere"));
      Files.writeString(file, "somebody else's");
      assertDone(fixture.swap(Place.TMPFS.properties(fixture, 1), LIMITS));
      assertEquals(Optional.empty(), ImageNotes.refusal(file));
      assertEquals(Set.of("elsewhere", "tmpfs0", "tmpfs1"), fixture.files());
    }
  }

  @Test
  @DisplayName("the file that a region is in is refused under every name it has")
  void theVeryFile() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      Path link = fixture.folder.resolve("link");
      Files.createLink(link, fixture.folder.resolve("tmpfs0"));
      for (String spelled : List.of("./tmpfs0", "link")) {
        SwapException refused =
            assertThrows(
                SwapException.class,
                () -> fixture.start(to(fixture, Path.of(fixture.folder + "/" + spelled)), LIMITS));
        assertTrue(
            ("" + refused.getMessage()).contains("is the file it is in"), refused.getMessage());
      }
      Files.delete(fixture.folder.resolve("tmpfs0"));
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.start(to(fixture, link), LIMITS));
      assertTrue(
          ("" + refused.getMessage()).contains("is the file it is in"), refused.getMessage());
    }
  }

  @Test
  @DisplayName("a file of two names is no target: a start by the other would not meet the notes")
  void hardLinks() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      Path file = Files.write(fixture.folder.resolve("tmpfs1"), new byte[SIZE]);
      Files.createLink(fixture.folder.resolve("link"), file);
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.start(to(fixture, file), LIMITS));
      assertTrue(
          ("" + refused.getMessage()).contains("has 2 names (hard links)"), refused.getMessage());
      assertEquals(Set.of("link", "tmpfs0", "tmpfs1"), fixture.files());
    }
  }

  /** Begins a swap when told, says how that went, and stays. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws Exception {
      SwapJournal journal =
          new SwapJournal(
              new BackendId(arguments[0]),
              Side.file(Path.of(arguments[1])),
              Side.file(Path.of(arguments[2])),
              Instant.now(),
              new GivenWarnings());
      say("ready");
      System.in.read();
      try {
        journal.begin();
        say("begun");
      } catch (IOException e) {
        journal.abandon(false);
        say(e.getMessage());
      }
      while (System.in.read() >= 0) {
        // until it is ended
      }
    }

    private static void say(String line) {
      System.out.println(line);
      System.out.flush();
    }
  }

  private static Process child(Path folder, String region, Path from, String to)
      throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-Dlogback.configurationFile=" + System.getProperty("logback.configurationFile", ""),
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            region,
            from.toString(),
            to)
        .directory(folder.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void go(Process process) throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
  }

  @Test
  @DisplayName(
      "of two processes that swap to one file, by two spellings, one begins; the other takes no note"
          + " away; and when the one is killed, its half copy is refused and both old files accepted")
  void twoProcesses() throws Exception {
    Path folder = Storage.tmpfs().newFolder();
    List<Process> children = new ArrayList<>();
    try {
      Path one = Files.writeString(folder.resolve("one"), "1");
      Path two = Files.writeString(folder.resolve("two"), "2");
      Path target = folder.resolve("x.img");
      for (int round = 0; round < 5; round++) {
        children.clear();
        children.add(child(folder, "m0", one, "x.img"));
        children.add(child(Path.of("/"), "m1", two, folder + "/./x.img"));
        List<BufferedReader> lines = children.stream().map(Process::inputReader).toList();
        for (BufferedReader line : lines) {
          assertEquals("ready", line.readLine());
        }
        go(children.get(0));
        go(children.get(1));
        List<String> said = List.of(lines.get(0).readLine(), lines.get(1).readLine());
        assertNotEquals(said.get(0), said.get(1), "both begin");
        int first = said.indexOf("begun");
        assertTrue(first >= 0, said::toString);
        assertTrue(
            said.get(1 - first).contains(target + " is what ")
                || said.get(1 - first).contains("another process is writing it"),
            said::toString);
        Files.writeString(target, "half");
        kill(children.get(1 - first));
        assertFalse(ImageNotes.refusal(target).isEmpty(), "the winner's note is there");
        kill(children.get(first));
        assertTrue(ImageNotes.refusal(target).orElseThrow().contains("unfinished copy"));
        assertEquals(Optional.empty(), ImageNotes.refusal(one));
        assertEquals(Optional.empty(), ImageNotes.refusal(two));
        Files.delete(target);
      }
    } finally {
      for (Process child : children) {
        kill(child);
      }
      Storage.remove(folder);
    }
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
  }
}
