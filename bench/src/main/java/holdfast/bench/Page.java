package holdfast.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes the page of the documentation: what people wrote, and the tables of what was measured. */
final class Page {
  private final List<Run> runs;
  private final Map<String, String> reasons;
  private final Map<String, String> before;

  /**
   * @param reasons why a figure falls short, by the beginning of its id
   * @param before what it was once, likewise
   */
  Page(List<Run> runs, Map<String, String> reasons, Map<String, String> before) {
    this.runs = runs;
    this.reasons = reasons;
    this.before = before;
  }

  /** Reads words for figures: lines of a beginning of ids, a colon and the words. */
  static Map<String, String> words(Path file) throws IOException {
    Map<String, String> words = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file)) {
      int colon = line.indexOf(": ");
      if (!line.startsWith("#") && colon > 0) {
        words.put(line.substring(0, colon), line.substring(colon + 2).strip());
      }
    }
    return words;
  }

  /** Returns the page: the template with its marks replaced. */
  String write(String template) {
    return template
        .replace("{{rough}}", rough())
        .replace("{{machine}}", machine())
        .replace("{{parts}}", parts())
        .replace("{{goals}}", goals())
        .replace("{{short}}", fallingShort())
        .replace("{{figures}}", figures());
  }

  private String rough() {
    return runs.stream().anyMatch(Run::quick)
        ? "**These figures are rough: they were measured by `bench/run quick`.**\n"
        : "";
  }

  private String machine() {
    return runs.getLast().host().entrySet().stream()
        .map(fact -> "- " + fact.getKey() + ": " + fact.getValue())
        .collect(Collectors.joining("\n"));
  }

  private String parts() {
    StringBuilder table =
        new StringBuilder(
            "| part | measured | load before | load after |\n| --- | --- | --- | --- |");
    for (Run run : runs) {
      table.append(
          row(run.part(), run.date(), Unit.digits(run.loadBefore()), Unit.digits(run.loadAfter())));
    }
    return table.toString();
  }

  private String goals() {
    StringBuilder table =
        new StringBuilder(
            "| what | Holdfast | rival | ratio | before | must be | reached |\n"
                + "| --- | --- | --- | --- | --- | --- | --- |");
    for (Goal goal : Goal.of(runs)) {
      Figure figure = goal.figure();
      Versus versus = goal.versus();
      table.append(
          row(
              figure.what(),
              figure.unit().show(figure.own()),
              versus == null ? "" : versus.rival() + ": " + figure.unit().show(versus.stats()),
              versus == null ? "" : goal.showMeasured(),
              find(before, figure.id()),
              goal.showLimit(),
              goal.isReached() ? "yes" : "**no**"));
    }
    return table.toString();
  }

  private String fallingShort() {
    Map<String, String> told = new LinkedHashMap<>();
    for (Goal goal : Goal.of(runs)) {
      if (!goal.isReached()) {
        String line =
            goal.figure().what()
                + ": "
                + goal.showMeasured()
                + ", must be "
                + goal.showLimit()
                + (goal.rival().isEmpty() ? "" : " that of " + goal.rival());
        String reason = find(reasons, goal.figure().id());
        if (reason.isEmpty()) {
          told.put("*The reason is not known yet* (`" + goal.figure().id() + "`).", line);
        } else {
          told.merge(reason, line, (one, more) -> one + "; " + more);
        }
      }
    }
    if (told.isEmpty()) {
      return "Nothing.";
    }
    return told.entrySet().stream()
        .map(one -> "- " + one.getValue() + ". " + one.getKey())
        .collect(Collectors.joining("\n"));
  }

  /** Returns the words of the longest beginning of an id; empty if none is given. */
  private static String find(Map<String, String> words, String id) {
    return words.entrySet().stream()
        .filter(one -> id.startsWith(one.getKey()))
        .max((one, other) -> Integer.compare(one.getKey().length(), other.getKey().length()))
        .map(Map.Entry::getValue)
        .orElse("");
  }

  private String figures() {
    StringBuilder text = new StringBuilder();
    for (Run run : runs) {
      text.append("### ").append(run.part()).append('\n');
      for (String remark : run.remarks()) {
        text.append(remark.substring(0, 1).toUpperCase(Locale.ROOT));
        text.append(remark.substring(1)).append(".\n\n");
      }
      text.append("| what | Holdfast | beside it | ratio |\n| --- | --- | --- | --- |");
      for (Figure figure : run.figures()) {
        text.append(
            row(
                figure.what(),
                figure.unit().show(figure.own()),
                figure.versus().stream()
                    .map(other -> other.rival() + " " + figure.unit().show(other.stats()))
                    .collect(Collectors.joining("<br>")),
                figure.versus().stream()
                    .map(other -> Unit.digits(figure.ratio(other)))
                    .collect(Collectors.joining("<br>"))));
      }
      text.append("\n\n");
    }
    return text.toString().stripTrailing();
  }

  private static String row(String... cells) {
    return "\n| " + String.join(" | ", cells) + " |";
  }
}
