package holdfast.examples.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The code of docs/embedding.md is code that the build compiles. */
class EmbeddingTest {
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  private static String sources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src"))) {
      List<Path> java = files.filter(file -> file.toString().endsWith(".java")).toList();
      StringBuilder all = new StringBuilder();
      for (Path file : java) {
        all.append(Files.readString(file));
      }
      return words(all.toString());
    }
  }

  /** Whatever the lines and their indentation, and what a formatter may break differently. */
  private static String words(String code) {
    return code.lines().map(String::strip).collect(Collectors.joining()).replaceAll("\\s", "");
  }

  @Test
  @DisplayName("each sample stands in a source of this module, word for word")
  void samplesAreCompiled() throws IOException {
    String sources = sources();
    Matcher block = BLOCK.matcher(Files.readString(Path.of("..", "..", "docs", "embedding.md")));
    int samples = 0;
    while (block.find()) {
      samples++;
      String sample = block.group(1);
      assertTrue(sources.contains(words(sample)), () -> "nothing compiles\n" + sample);
    }
    assertTrue(samples >= 6, samples + " samples");
  }

  @Test
  @DisplayName("each file that it points to is there")
  void links() throws IOException {
    Path document = Path.of("..", "..", "docs", "embedding.md");
    Matcher link = Pattern.compile("\\]\\(([^)#:]+)[)#]").matcher(Files.readString(document));
    while (link.find()) {
      assertEquals(true, Files.exists(document.resolveSibling(link.group(1))), link.group(1));
    }
  }
}
