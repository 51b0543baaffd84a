package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PidFileTest {
  @TempDir Path folder;

  private static void assertRefused(String part, Path path) {
    String sentence =
        assertThrows(CommandException.class, () -> PidFile.write(path.toString())).getMessage();
    assertTrue(sentence.contains(part), sentence);
  }

  @Test
  @DisplayName("it holds this process' number until the end, and is replaced if it was left behind")
  void own() throws Exception {
    Path path = Files.writeString(folder.resolve("pid"), "4711\n");
    PidFile file = PidFile.write(path.toString());
    assertRefused("process " + ProcessHandle.current().pid() + " has it, and lives", path);
    file.close();
    assertFalse(Files.exists(path));
    file.close();

    PidFile next = PidFile.write(path.toString());
    assertEquals(ProcessHandle.current().pid() + "\n", Files.readString(path));
    next.close();
    assertFalse(Files.exists(path));
  }

  @Test
  @DisplayName("what is no pid file stays as it is, and no link is followed")
  void others() throws Exception {
    Path precious = Files.writeString(folder.resolve("precious"), "my thesis");
    assertRefused("holds something else", precious);
    Path longer = Files.writeString(folder.resolve("long"), "1".repeat(30));
    assertRefused("holds something else", longer);
    assertRefused(
        "it is a symbolic link", Files.createSymbolicLink(folder.resolve("link"), precious));
    assertRefused("folder does not exist", folder.resolve("none/pid"));
    assertRefused("it is a directory; choose another path", folder);
    assertRefused("it is a character device", Path.of("/dev/null"));
    assertRefused("needs the name of a file", Path.of(""));
    assertEquals(0, new ProcessBuilder("mkfifo", folder.resolve("p").toString()).start().waitFor());
    assertRefused("it is a FIFO", folder.resolve("p"));
    assertEquals("my thesis", Files.readString(precious));
    assertEquals("1".repeat(30), Files.readString(longer));
  }

  @Test
  @DisplayName("what somebody else has put in its place stays at the end")
  void replaced() throws Exception {
    Path path = folder.resolve("pid");
    PidFile file = PidFile.write(path.toString());
    Files.delete(path);
    Files.writeString(path, "another's");
    file.close();
    assertEquals("another's", Files.readString(path));
  }
}
