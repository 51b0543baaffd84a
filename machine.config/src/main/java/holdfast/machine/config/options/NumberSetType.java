package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.LongStream;

/**
 * A set of numbers from 0 to {@code largest}, such as the host nodes of a backend. In an option the
 * property is repeated, each time with a number or a range {@code a-b}; the canonical form is one
 * text with all numbers, separated by commas.
 */
record NumberSetType(int largest) implements PropertyType<SortedSet<Integer>> {
  @Override
  public SortedSet<Integer> parse(String text) throws OptionException {
    SortedSet<Integer> numbers = new TreeSet<>();
    if (!text.isEmpty()) {
      for (String range : text.split(",", -1)) {
        addRange(numbers, range);
      }
    }
    return Collections.unmodifiableSortedSet(numbers);
  }

  @Override
  public String print(SortedSet<Integer> value) {
    List<String> ranges = new ArrayList<>();
    int first = -1;
    for (int number : value) {
      first = value.contains(number - 1) ? first : number;
      if (!value.contains(number + 1)) {
        ranges.add(first == number ? "" + number : first + "-" + number);
      }
    }
    return String.join(",", ranges);
  }

  @Override
  public SortedSet<Integer> read(OptionValue given) throws OptionException {
    return readAll(List.of(given));
  }

  @Override
  public SortedSet<Integer> readAll(List<OptionValue> given) throws OptionException {
    SortedSet<Integer> numbers = new TreeSet<>();
    for (OptionValue value : given) {
      switch (value) {
        case OptionValue.Bare(String range) -> addRange(numbers, range);
        case OptionValue.Items(var items) -> {
          for (OptionValue item : items) {
            numbers.add(number().read(item).intValue());
          }
        }
        default -> throw mismatch(value);
      }
    }
    return Collections.unmodifiableSortedSet(numbers);
  }

  private void addRange(SortedSet<Integer> numbers, String text) throws OptionException {
    int dash = text.indexOf('-');
    try {
      long first = number().parse(dash < 0 ? text : text.substring(0, dash));
      long last = dash < 0 ? first : number().parse(text.substring(dash + 1));
      if (first <= last) {
        LongStream.rangeClosed(first, last).forEach(number -> numbers.add((int) number));
        return;
      }
    } catch (OptionException e) {
      // Reported with the whole text below.
    }
    throw new OptionException(
        Excerpt.of(text)
            + " is neither a number from 0 to "
            + largest
            + " nor a range of them: write it like 0 or 0-3");
  }

  private IntegerType number() {
    return new IntegerType(0, largest);
  }

  @Override
  public String form() {
    return "<number>[-<number>]";
  }

  @Override
  public String strictForm() {
    return "a list of numbers from 0 to " + largest;
  }
}
