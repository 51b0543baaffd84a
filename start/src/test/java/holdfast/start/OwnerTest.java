package holdfast.start;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From where code is taken that the operator names. */
class OwnerTest {
  private static final int SOMEBODY = 12_345;

  @TempDir private Path scratch;

  private Path above;
  private Path named;

  @BeforeEach
  void makeFolders() throws IOException {
    above = Files.createDirectory(scratch.toRealPath().resolve("above"));
    named = Files.createDirectory(above.resolve("named"));
    mode(above, 0755);
    mode(named, 0755);
  }

  private static void mode(Path folder, int mode) throws IOException {
    Files.setAttribute(folder, "unix:mode", mode);
  }

  /** What stands against the folder if it belongs to somebody else. */
  private String objectionIfForeign() throws IOException {
    int self = Owner.self();
    if (self == 0) {
      Files.setAttribute(named, "unix:uid", SOMEBODY);
      return Owner.objectionToCode(named, self);
    }
    return Owner.objectionToCode(named, self + 1);
  }

  @Test
  @DisplayName("the operator's own folder is taken, and one that its group may write")
  void own() throws IOException {
    mode(named, 0775);

    assertEquals("", Owner.objectionToCode(named, Owner.self()));
  }

  @Test
  @DisplayName("a folder that everybody may write is not, with the sticky bit either")
  void writableByEverybody() throws IOException {
    for (int mode : new int[] {0777, 01777}) {
      mode(named, mode);

      assertEquals(
          named + " may be written by everybody", Owner.objectionToCode(named, Owner.self()));
    }
  }

  @Test
  @DisplayName("nor one in a folder in which everybody may exchange it")
  void exchangeable() throws IOException {
    mode(above, 0777);

    assertEquals(
        above + " may be written by everybody", Owner.objectionToCode(named, Owner.self()));
  }

  @Test
  @DisplayName("in a folder with the sticky bit the operator's own is taken, and nobody else's")
  void sticky() throws IOException {
    mode(above, 01777);

    assertEquals("", Owner.objectionToCode(named, Owner.self()));
    String objection = objectionIfForeign();
    assertEquals(
        " in a folder that everybody may write",
        objection.substring(objection.lastIndexOf(',') + 1));
  }
}
