import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/**
 * Sums up the JUnit XML reports under a folder: one line for each test that failed or was skipped, with the reason; how each JVM that crashed
 * says it did; the errors in Maven's output, which is the second argument; and last {@code N passed, N failed, N skipped}. The exit status is 0
 * when tests ran and none failed.
 */
void main(String[] args) throws Exception {
  List<Path> reports;
  try (var files = Files.walk(Path.of(args[0]))) {
    reports = files.filter(this::isReport).sorted().toList();
  }
  int passed = 0;
  var failed = new ArrayList<String>();
  var skipped = new ArrayList<String>();
  var parser = DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder();
  for (Path report : reports) {
    Element suite = parser.parse(report.toFile()).getDocumentElement();
    var cases = suite.getElementsByTagName("testcase");
    if (cases.getLength() == 0) {
      // What Surefire reports of a class that gave up in @BeforeAll.
      skipped.add("skipped: " + suite.getAttribute("name") + ": gave up before its first test; its report does not say why");
    }
    for (int i = 0; i < cases.getLength(); i++) {
      var test = (Element) cases.item(i);
      // Without a name it stands for the class.
      String name = (test.getAttribute("classname") + "." + test.getAttribute("name")).replaceAll("\\.$", "");
      if (reason(test, "skipped") instanceof String reason) {
        skipped.add("skipped: " + name + ": " + reason);
      } else if (reason(test, "failure") instanceof String reason) {
        failed.add("failed: " + name + ": " + reason + output(report));
      } else if (reason(test, "error") instanceof String reason) {
        failed.add("failed: " + name + ": " + reason + output(report));
      } else {
        passed++;
      }
    }
  }
  skipped.forEach(IO::println);
  failed.forEach(IO::println);
  crashes(Path.of(args[0])).forEach(IO::println);
  errors(Path.of(args[1])).forEach(IO::println);
  IO.println("%d passed, %d failed, %d skipped".formatted(passed, failed.size(), skipped.size()));
  System.exit(failed.isEmpty() && passed > 0 ? 0 : 1);
}

/** Maven's errors, except for its hints, which are the same each time. */
List<String> errors(Path log) throws IOException {
  try (var lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
    return lines
        .map(line -> line.replaceAll("\u001B\\[[0-9;]*m", ""))
        .filter(line -> line.startsWith("[ERROR]") && !line.substring("[ERROR]".length()).isBlank())
        .filter(line -> !line.matches("\\[ERROR\\] (To see the full stack trace|Re-run Maven|For more information|\\[Help |After correcting|  mvn ).*"))
        .distinct()
        .limit(40)
        .toList();
  }
}

/** What the JVM wrote of its own crashes: the lines that name the signal and the frame. */
List<String> crashes(Path root) throws IOException {
  var found = new ArrayList<String>();
  try (var files = Files.walk(root, 2)) {
    for (Path file : files.filter(file -> file.getFileName().toString().matches("hs_err_pid\\d+\\.log")).sorted().toList()) {
      found.add("crashed: " + file);
      try (var lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
        lines.skip(1).limit(20).filter(line -> line.length() > 1).forEach(line -> found.add("  " + line));
      }
    }
  }
  return found;
}

boolean isReport(Path file) {
  String name = file.getFileName().toString();
  return name.startsWith("TEST-") && name.endsWith(".xml") && file.toString().contains("/target/");
}

/** Where stands what the tests of a class printed and logged, if they did: in the framework all write into one file. */
String output(Path report) {
  Path own = report.resolveSibling(report.getFileName().toString().replaceFirst("TEST-(.*)\\.xml", "$1-output.txt"));
  for (Path above = report.getParent(); above != null && !above.endsWith("target"); above = above.getParent()) {
    Path common = above.resolveSibling("itest.log");
    if (!Files.exists(own) && above.endsWith("test-reports") && Files.exists(common)) {
      own = common;
    }
  }
  return Files.exists(own) ? "\n  what it printed: " + own : "";
}

/** The first line of what the test's element of that name says, or null when the test has none. */
String reason(Element test, String element) {
  var found = (Element) test.getElementsByTagName(element).item(0);
  if (found == null) {
    return null;
  }
  String text = found.hasAttribute("message") ? found.getAttribute("message") : found.getTextContent();
  return text.lines()
      .map(line -> line.replaceFirst("org\\.opentest4j\\.TestAbortedException: (Assumption failed: )?", "").strip())
      .filter(line -> !line.isEmpty())
      .findFirst()
      .orElse("no reason given");
}
