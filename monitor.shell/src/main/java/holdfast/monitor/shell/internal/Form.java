package holdfast.monitor.shell.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a command is written, such as {@code ram:swap ID [-plan] [-rounds N]}. Its arguments are read
 * by it, and completed.
 *
 * @param text the whole of it
 * @param words the names of the words that it takes, in their order
 * @param options the options, each with the name of its value, which is empty if it has none
 */
record Form(String text, List<String> words, SequencedMap<String, String> options) {
  private static final Pattern OPTION = Pattern.compile("\\[?(-[a-z-]+)(?: ([A-Z]+)])?");

  /** What stands between two ways to write a command. */
  private static final String OR = ", or ";

  /** What stands behind a word that can be repeated. */
  private static final String REPEATED = "...";

  /** Reads a form. */
  static Form of(String text) {
    SequencedMap<String, String> options = new LinkedHashMap<>();
    for (Matcher option = OPTION.matcher(text); option.find(); ) {
      options.put(option.group(1), option.group(2) == null ? "" : option.group(2));
    }
    List<String> words = new ArrayList<>();
    String[] ways = text.split(OR);
    for (String way : ways) {
      List<String> own = words(way);
      if (own.size() > words.size()) {
        words = own;
      }
    }
    return new Form(text, List.copyOf(words), options);
  }

  private static List<String> words(String way) {
    List<String> words = new ArrayList<>();
    String[] parts = OPTION.matcher(way).replaceAll(" ").split("[\\[\\] ]+");
    for (int at = 1; at < parts.length; at++) {
      if (!parts[at].equals(REPEATED)) {
        words.add(parts[at]);
      }
    }
    return words;
  }

  /** Returns the name of the command, with its scope. */
  String name() {
    return text.split("[ ,]", 2)[0];
  }

  /**
   * What stands before a word.
   *
   * @param words the words, without options and their values
   * @param given the options
   * @param value the name of the value that the last option waits for; empty if none does
   */
  record Before(List<String> words, List<String> given, String value) {}

  /** Returns what stands before a word; options that are not in this form are words. */
  Before before(List<String> arguments) {
    List<String> given = new ArrayList<>();
    List<String> plain = new ArrayList<>();
    String value = "";
    for (String argument : arguments) {
      if (!value.isEmpty()) {
        value = "";
      } else if (options.containsKey(argument)) {
        given.add(argument);
        value = options.getOrDefault(argument, "");
      } else {
        plain.add(argument);
      }
    }
    return new Before(plain, given, value);
  }

  /** Returns the name of the word that stands behind {@code count} others; empty if none does. */
  String word(int count) {
    if (count < words.size()) {
      return words.get(count);
    }
    return text.endsWith(REPEATED) ? words.getLast() : "";
  }
}
