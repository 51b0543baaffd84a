package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The paths that are offered who types one. */
class PathNamesTest {
  @TempDir Path folder;

  @BeforeEach
  void fill() throws IOException {
    Files.createDirectory(folder.resolve("images"));
    for (String name :
        List.of("img-0.raw", "img 1", "img\u001b[2J", "img,2", "img$(3)", "img'4", ".hidden")) {
      Files.createFile(folder.resolve(name));
    }
  }

  private List<String> beginning(String typed) {
    return PathNames.beginning(folder + typed, false);
  }

  @Test
  @DisplayName("those that begin so, folders with a slash; none that a shell or terminal obeys")
  void absolute() {
    assertEquals(List.of(folder + "/images/", folder + "/img-0.raw"), beginning("/"));
    assertEquals(List.of(folder + "/img-0.raw"), beginning("/img"));
    assertEquals(List.of(folder + "/.hidden"), beginning("/."));
    assertEquals(List.of(), beginning("/nothing"));
    assertEquals(List.of(), beginning("/images/"));
    assertEquals(List.of(), beginning("/nosuch/x"));
    assertEquals(List.of(), PathNames.beginning("/a\0b/c", false));
  }

  @Test
  @DisplayName("relative ones only where they begin in the folder of this process")
  void relative() {
    assertEquals(List.of("/"), PathNames.beginning("", false));
    assertEquals(List.of(), PathNames.beginning("src", false));
    assertEquals(List.of(), PathNames.beginning("src/", false));
    assertEquals(List.of("src/"), PathNames.beginning("sr", true));
    assertEquals(List.of("src/main/"), PathNames.beginning("src/ma", true));
  }

  @Test
  @DisplayName("no more than somebody reads")
  void many() throws IOException {
    Path many = Files.createDirectory(folder.resolve("many"));
    for (int i = 0; i < 600; i++) {
      Files.createFile(many.resolve("f" + i));
    }
    assertEquals(500, PathNames.beginning(many + "/f", false).size());
  }
}
