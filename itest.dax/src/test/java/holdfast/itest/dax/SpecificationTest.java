package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("docs/specification.md")
class SpecificationTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern ROW = Pattern.compile("\\| ([A-Z]\\d+) \\|.*\\| (.*) \\|");
  private static final Pattern TEST =
      Pattern.compile("`([A-Z]\\w*(?:Test|IT|Contract))(?:\\.(\\w+))?`(?:: `(\\w+)`)?");

  private static Map<String, Path> sources() throws IOException {
    Map<String, Path> byClass = new HashMap<>();
    try (Stream<Path> files =
        Files.find(ROOT, 12, (file, a) -> file.toString().endsWith(".java"))) {
      files.forEach(file -> byClass.put(file.getFileName().toString().replace(".java", ""), file));
    }
    return byClass;
  }

  @Test
  @DisplayName("each promise names a test, and each test that it names is there")
  void everyPromiseHasItsTest() throws IOException {
    Map<String, Path> sources = sources();
    List<String> wrong = new ArrayList<>();
    int promises = 0;
    for (String line : Files.readAllLines(ROOT.resolve("docs/specification.md"))) {
      Matcher row = ROW.matcher(line);
      if (!row.matches()) {
        continue;
      }
      promises++;
      Matcher test = TEST.matcher(row.group(2));
      int tests = 0;
      while (test.find()) {
        tests++;
        Path source = sources.get(test.group(1));
        String method = test.group(2) == null ? test.group(3) : test.group(2);
        if (source == null) {
          wrong.add(row.group(1) + ": no class " + test.group(1));
        } else if (method != null && !isIn(source, method, sources)) {
          wrong.add(row.group(1) + ": no method " + method + " in " + test.group(1));
        }
      }
      if (tests == 0) {
        wrong.add(row.group(1) + ": no test");
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(promises > 20, "the table was not read: " + promises);
  }

  /** A method of the class or of the one that it extends. */
  private static boolean isIn(Path source, String method, Map<String, Path> sources)
      throws IOException {
    String text = Files.readString(source);
    if (text.contains("void " + method + "(")) {
      return true;
    }
    Matcher parent = Pattern.compile(" extends (\\w+)").matcher(text);
    return parent.find()
        && sources.containsKey(parent.group(1))
        && isIn(sources.get(parent.group(1)), method, sources);
  }
}
