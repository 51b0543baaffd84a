package holdfast.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Measures parts by name, or all of them, and writes the report. */
public final class Measurements {
  private static final String QUICK = "quick";
  private static final String DOC = "doc";
  private static final Path TEXTS = Path.of("bench");
  private static final Map<String, Part> ALL = new LinkedHashMap<>();

  static {
    ALL.put("access", new Access());
    ALL.put("copy", new Copy());
    ALL.put("persist", new Persist());
    ALL.put("map", new Mapping());
    ALL.put("preallocate", new Preallocate());
    ALL.put("start", new Start());
    ALL.put("many", new Many());
    ALL.put("swap", new Swap());
    ALL.put("migrate", new Migrate());
    ALL.put("remap", new Remap());
    ALL.put("tracking", new Tracking());
  }

  private Measurements() {}

  /**
   * @param words {@code quick} or {@code doc}, and parts; without parts all of them
   */
  public static void main(String[] words) throws Exception {
    List<String> names = new ArrayList<>(List.of(words));
    boolean quick = names.remove(QUICK);
    boolean doc = names.remove(DOC);
    for (String name : names) {
      if (!ALL.containsKey(name)) {
        System.err.println("holdfast: there is no part '" + name + "'; there are " + ALL.keySet());
        System.exit(1);
      }
    }
    boolean all = names.isEmpty();
    Path folder = quick ? Path.of("bench", "target") : Path.of("docs");
    Report report = new Report(folder, List.copyOf(ALL.keySet()), all && !doc);
    if (!doc) {
      measure(all ? List.copyOf(ALL.keySet()) : names, new Effort(quick), report);
    }
    report.write(TEXTS);
    System.out.println(
        folder.resolve("performance.md")
            + ", .svg and .json are written"
            + (quick ? "; figures of quick are rough" : ""));
  }

  private static void measure(List<String> names, Effort effort, Report report) throws Exception {
    Map<String, Object> host = Host.describe();
    host.forEach((name, fact) -> System.out.println(name + ": " + fact));
    for (String name : names) {
      Part part = Objects.requireNonNull(ALL.get(name));
      double before = Host.load();
      Instant start = Instant.now();
      System.out.println(name + " (load " + before + ")");
      Findings findings = new Findings();
      part.measure(effort, findings);
      double after = Host.load();
      report.add(
          new Run(
              name,
              start.truncatedTo(ChronoUnit.MINUTES).toString(),
              effort.quick(),
              host,
              before,
              after,
              findings.figures(),
              findings.remarks()));
      System.out.println(
          "  took " + Duration.between(start, Instant.now()).toSeconds() + " s; load " + after);
    }
  }
}
