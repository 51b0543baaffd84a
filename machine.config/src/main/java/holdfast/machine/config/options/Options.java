package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What one option says, in the order in which it was written: keys with values, and whether help
 * was asked for. A key can stand there several times.
 *
 * @param helpRequested whether {@code help} or {@code ?} stood there as an item of its own
 */
public record Options(List<Entry> entries, boolean helpRequested) {
  /** The key that names the object or device. Unlike with any other, its first value counts. */
  static final String ID = "id";

  /** One key with its value. */
  public record Entry(String key, OptionValue value) {}

  public Options {
    entries = List.copyOf(entries);
  }

  /** All values of {@code key} that count, the one that wins for a single value last. */
  public List<OptionValue> given(String key) {
    List<OptionValue> values =
        entries.stream().filter(entry -> entry.key().equals(key)).map(Entry::value).toList();
    return key.equals(ID) && !values.isEmpty() ? values.subList(0, 1) : values;
  }

  /** The value of {@code key} that counts: of {@code id} the first, of any other key the last. */
  public Optional<OptionValue> value(String key) {
    List<OptionValue> values = given(key);
    return values.isEmpty() ? Optional.empty() : Optional.of(values.getLast());
  }

  /** These options without {@code key}. */
  public Options without(String key) {
    return new Options(
        entries.stream().filter(entry -> !entry.key().equals(key)).toList(), helpRequested);
  }

  /**
   * These options and then {@code later}: what several {@code -m} on one command line add up to.
   */
  public Options followedBy(Options later) {
    List<Entry> all = new ArrayList<>(entries);
    all.addAll(later.entries);
    return new Options(all, helpRequested || later.helpRequested);
  }
}
