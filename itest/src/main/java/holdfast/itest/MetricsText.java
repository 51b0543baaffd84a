package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Metrics in Prometheus' text format 0.0.4, read as strictly as it is described: each metric has
 * one HELP and one TYPE, in that order, and its samples together; no sample comes twice; counters
 * end in {@code _total} and aren't negative; the buckets of a histogram go up to {@code +Inf},
 * which is its count.
 */
final class MetricsText {
  private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
  private static final Pattern HELP = Pattern.compile("# HELP (" + NAME + ") (\\S.*)");
  private static final Pattern TYPE =
      Pattern.compile("# TYPE (" + NAME + ") (counter|gauge|histogram)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\\n]|\\\\[\\\\\"n])*)\"");
  private static final Pattern SAMPLE =
      Pattern.compile("(" + NAME + ")(?:\\{((?:" + LABEL + ",)*" + LABEL + ")\\})? (\\S+)");

  /** The values by name and labels as they are written. */
  private final Map<String, Double> values = new TreeMap<>();

  private final Set<String> ended = new HashSet<>();
  private String name = "";
  private String type = "";

  /** The last bucket of each histogram's series, by its labels without le. */
  private final Map<String, double[]> buckets = new HashMap<>();

  MetricsText(String text) {
    assertTrue(text.endsWith("\n"), "the last line has an end");
    assertTrue(text.indexOf('\r') < 0, text);
    text.lines().forEach(this::line);
    end();
  }

  private void line(String line) {
    Matcher help = HELP.matcher(line);
    Matcher typed = TYPE.matcher(line);
    Matcher sample = SAMPLE.matcher(line);
    if (help.matches()) {
      end();
      name = help.group(1);
      assertTrue(ended.add(name), () -> "a second time: " + line);
    } else if (typed.matches()) {
      assertEquals(name, typed.group(1), line);
      assertEquals("", type, line);
      type = typed.group(2);
    } else {
      assertTrue(sample.matches(), () -> "not a line of the format: " + line);
      sample(
          line, sample.group(1), "" + sample.group(2), number(sample.group(sample.groupCount())));
    }
  }

  private static double number(String text) {
    return text.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
  }

  private void sample(String line, String sampled, String labels, double value) {
    assertTrue(
        values.put(line.substring(0, line.lastIndexOf(' ')), value) == null,
        () -> "a second time: " + line);
    switch (type) {
      case "gauge" -> assertEquals(name, sampled, line);
      case "counter" -> {
        assertEquals(name, sampled, line);
        assertTrue(name.endsWith("_total"), line);
        assertTrue(value >= 0, line);
      }
      case "histogram" -> histogram(line, sampled, labels, value);
      default -> throw new AssertionError("without a type: " + line);
    }
  }

  private void histogram(String line, String sampled, String labels, double value) {
    String le = null;
    List<String> rest = new ArrayList<>();
    Matcher label = LABEL.matcher(labels);
    while (label.find()) {
      if (label.group(1).equals("le")) {
        le = label.group(2);
      } else {
        rest.add(label.group());
      }
    }
    String series = name + rest;
    switch (sampled.substring(name.length())) {
      case "_bucket" -> {
        double[] last = buckets.getOrDefault(series, new double[] {-1, 0});
        double bound = number(assertNotNullValue(le, line));
        assertTrue(bound > last[0] && value >= last[1], line);
        buckets.put(series, new double[] {bound, value});
      }
      case "_count" -> {
        double[] last = buckets.get(series);
        assertNotNull(last, line);
        assertEquals(Double.POSITIVE_INFINITY, last[0], line);
        assertEquals(last[1], value, line);
      }
      case "_sum" -> assertTrue(value >= 0 && Double.isFinite(value), line);
      default -> throw new AssertionError("no part of a histogram: " + line);
    }
  }

  private static String assertNotNullValue(String value, String line) {
    assertNotNull(value, line);
    return value;
  }

  private void end() {
    if (!name.isEmpty()) {
      assertTrue(!type.isEmpty(), () -> name + " has no type");
      assertTrue(values.keySet().stream().anyMatch(key -> key.startsWith(name)), name);
    }
    type = "";
  }

  /** The value of a sample, by its name and labels as they are written. */
  double value(String sample) {
    Double value = values.get(sample);
    assertNotNull(value, () -> sample + " is not in " + values.keySet());
    return value;
  }

  /** Whether there is such a sample. */
  boolean has(String sample) {
    return values.containsKey(sample);
  }

  /** All samples. */
  Set<String> names() {
    return values.keySet();
  }
}
