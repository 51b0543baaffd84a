package holdfast.monitor.shell.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arguments of a command: words in their order, and options in any place. They are parsed here
 * and not by the shell, whose messages about a missing or wrong argument name Java types.
 */
final class Arguments {
  private final String form;
  private final List<String> words = new ArrayList<>();
  private final Map<String, String> options = new LinkedHashMap<>();

  private Arguments(String form) {
    this.form = form;
  }

  /**
   * Parses the arguments of one command.
   *
   * @param form how the command is written, such as {@code ram:swap ID [-plan] [-rounds N]}: its
   *     name, the words that it needs, and its options, with a name for the value of those that
   *     have one
   * @param given the arguments
   * @throws CommandFailure if an option is not in the form, or lacks its value
   */
  static Arguments read(String form, Object... given) {
    Arguments read = new Arguments(form);
    Map<String, String> known = Form.of(form).options();
    for (int at = 0; at < given.length; at++) {
      String word = String.valueOf(given[at]);
      String value = known.get(word);
      if (value == null) {
        if (word.matches("-h|--?help")) {
          throw new CommandFailure("write help " + Form.of(form).name() + ", and it is explained");
        }
        if (word.matches("-[a-zA-Z].*")) {
          throw read.mistake("there is no option " + word);
        }
        read.words.add(word);
      } else if (value.isEmpty()) {
        read.options.put(word, "");
      } else if (++at < given.length) {
        read.options.put(word, String.valueOf(given[at]));
      } else {
        throw read.mistake(word + " needs a value");
      }
    }
    return read;
  }

  /**
   * Returns the words, if there are as many as these names.
   *
   * @throws CommandFailure that names the first word that is missing or superfluous
   */
  List<String> words(String... names) {
    if (words.size() < names.length) {
      throw mistake(names[words.size()] + " is missing");
    }
    if (words.size() > names.length) {
      String superfluous = words.get(names.length);
      throw mistake(
          superfluous
              + " is one word too many"
              + (superfluous.matches("[\\[:{].*|.*[:\\]}]")
                  ? " (what has brackets or colons in it is put in quotes)"
                  : ""));
    }
    return words;
  }

  /** Returns the only word, if there is one. */
  Optional<String> atMostOne() {
    return words.isEmpty() ? Optional.empty() : Optional.of(words("ID").getFirst());
  }

  /** Returns the number of words. */
  int count() {
    return words.size();
  }

  /** Returns whether an option was given. */
  boolean has(String option) {
    return options.containsKey(option);
  }

  /** Returns another option that was given; empty if there is none. */
  String otherThan(String option) {
    return options.keySet().stream().filter(one -> !one.equals(option)).findFirst().orElse("");
  }

  /** Returns the value of an option, or {@code otherwise} if it was not given. */
  String value(String option, String otherwise) {
    return options.getOrDefault(option, otherwise);
  }

  /**
   * Returns the value of an option as a whole number, or {@code otherwise} if it was not given.
   *
   * @throws CommandFailure if it is not a whole number, or is below {@code least}
   */
  int number(String option, int otherwise, int least) {
    String text = value(option, Integer.toString(otherwise));
    try {
      int number = Integer.parseInt(text);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException none) {
      // reported like a number that is too small
    }
    throw mistake(
        option + " " + text + " is not a whole number from " + least + " to " + Integer.MAX_VALUE);
  }

  /**
   * Returns the failure of a command that was written wrongly: the mistake, and the correct form.
   */
  CommandFailure mistake(String what) {
    return new CommandFailure(what + ": write " + form);
  }
}
