package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the built jar prints of a path that holds what a terminal would obey. */
class TerminalIT {
  private static final String EVIL = "e\u001b[31mvil\u009b\u202e\u2028\u2067x\u007f-ж漢";
  private static final String SHOWN = "e\\u001b[31mvil\\u009b\\u202e\\u2028\\u2067x\\u007f-ж漢";

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
  }

  /** In a locale of UTF-8, since Java can't name the file in others. */
  private Holdfast.Ended run(String... arguments) throws IOException, InterruptedException {
    try (Holdfast holdfast =
        Holdfast.start(List.of("env", "LC_ALL=C.UTF-8"), folder, List.of(arguments))) {
      return holdfast.awaitEnd();
    }
  }

  private static String object(String options) {
    return "memory-backend-file,id=m,size=1M,share=on,pmem=on,mem-path=" + EVIL + options;
  }

  private static void assertTame(String text) {
    assertTrue(
        text.lines()
            .flatMapToInt(String::codePoints)
            .noneMatch(
                c ->
                    Character.isISOControl(c)
                        || Character.getType(c) == Character.FORMAT
                        || Character.getType(c) == Character.LINE_SEPARATOR),
        text);
  }

  @Test
  @DisplayName("a report and its warnings: escapes, and letters of any script as they are")
  void report() throws IOException, InterruptedException {
    Holdfast.Ended ended = run("-probe", "-object", object(""));

    assertEquals(0, ended.status(), ended.err()::toString);
    assertTame(ended.out());
    assertTrue(ended.out().contains("backing       " + SHOWN + " ("), ended.out());
    assertTame(String.join("\n", ended.err()));
    assertTrue(Files.exists(folder.resolve(EVIL)));
  }

  @Test
  @DisplayName("JSON holds the very path, and nothing that a terminal would obey")
  void json() throws IOException, InterruptedException {
    Holdfast.Ended ended = run("-probe", "json", "-object", object(""));
    assertTame(ended.out());
    Map<?, ?> backend = (Map<?, ?>) ((List<?>) ended.json().get("backends")).getFirst();
    assertEquals(EVIL, backend.get("path"));
  }

  @Test
  @DisplayName("a refusal is one line")
  void refusal() throws IOException, InterruptedException {
    String sentence = run("-probe", "-object", object("/f\nholdfast: all is well")).refusal();
    assertTame(sentence);
    assertTrue(sentence.contains(SHOWN + "/f\\u000aholdfast: all is well"), sentence);
  }
}
