package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The content of one option, in the order in which it was written: keys with values, and whether
 * help was asked for. A key can occur several times.
 *
 * @param helpRequested whether {@code help} or {@code ?} occurred as an item of its own
 */
public record Options(List<Entry> entries, boolean helpRequested) {
  /** The key that names the object or device. Unlike for any other key, its first value counts. */
  static final String ID = "id";

  /** One key with its value. */
  public record Entry(String key, OptionValue value) {}

  public Options {
    entries = List.copyOf(entries);
  }

  /**
   * Returns all values of {@code key} that count; the one that counts as a single value comes last.
   */
  public List<OptionValue> given(String key) {
    List<OptionValue> values = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.key().equals(key)) {
        values.add(entry.value());
      }
    }
    return List.copyOf(key.equals(ID) && !values.isEmpty() ? values.subList(0, 1) : values);
  }

  /**
   * Returns the value of {@code key} that counts: the first for {@code id}, the last for any other
   * key.
   */
  public Optional<OptionValue> value(String key) {
    List<OptionValue> values = given(key);
    return values.isEmpty() ? Optional.empty() : Optional.of(values.getLast());
  }

  /** Returns a copy without {@code key}. */
  public Options without(String key) {
    return new Options(
        entries.stream().filter(entry -> !entry.key().equals(key)).toList(), helpRequested);
  }

  /**
   * Returns these options followed by {@code later}, as for several {@code -m} on one command line.
   */
  public Options followedBy(Options later) {
    List<Entry> all = new ArrayList<>(entries);
    all.addAll(later.entries);
    return new Options(all, helpRequested || later.helpRequested);
  }
}
