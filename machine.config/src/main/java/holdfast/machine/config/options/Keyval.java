package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The syntax of {@code -machine}: {@code key=value} items separated by commas. A key is a path of
 * fragments joined by dots, so that the options form a tree.
 *
 * <ul>
 *   <li>{@code ,,} in a value is one comma; a value may be empty; a comma at the very end is
 *       ignored.
 *   <li>A fragment is a name (a letter, then letters, digits, {@code -} and {@code _}) or, after
 *       the first, the index of a list item; it has 1 to 127 characters.
 *   <li>A first item without {@code =} is the value of the implied key; such a value contains
 *       neither {@code =} nor a comma. There are no flags: any other item without {@code =} is
 *       refused.
 *   <li>If a key is repeated, its last value counts.
 * </ul>
 */
public final class Keyval {
  private Keyval() {}

  /**
   * Parses {@code text}, for an option whose first item may leave out {@code impliedKey=}.
   *
   * @param option the name of the option, such as {@code -machine}, for the sentence of a refusal
   * @throws OptionException if the text is malformed
   */
  public static Options parse(String option, String text, String impliedKey)
      throws OptionException {
    try {
      return read(text, impliedKey);
    } catch (OptionException e) {
      throw e.within(option + ": ");
    }
  }

  /**
   * Merges two options: lists are joined, objects are merged, and the later of two single values
   * counts.
   *
   * @param option the name of the option, such as {@code -machine}, for the sentence of a refusal
   * @throws OptionException if a key is of one kind in {@code earlier} and of another in {@code
   *     later}
   */
  public static Options merge(String option, Options earlier, Options later)
      throws OptionException {
    try {
      SequencedMap<String, OptionValue> merged = merge("", asMap(earlier), asMap(later));
      return asOptions(merged, earlier.helpRequested() || later.helpRequested());
    } catch (OptionException e) {
      throw e.within(option + ": ");
    }
  }

  private static Options read(String text, String impliedKey) throws OptionException {
    KeyTree tree = new KeyTree();
    boolean help = false;
    boolean first = true;
    for (ItemScanner items = new ItemScanner(text); items.hasNext(); first = false) {
      if (items.asksForHelp()) {
        items.takeName();
        help = true;
      } else if (items.nameHasValue()) {
        tree.put(items.takeName(), items.takeValue());
      } else if (first && !items.name().isEmpty()) {
        tree.put(impliedKey, items.takeName());
      } else {
        throw noValue(items.name());
      }
    }
    return asOptions(tree.freeze(), help);
  }

  private static SequencedMap<String, OptionValue> merge(
      String path,
      SequencedMap<String, OptionValue> earlier,
      SequencedMap<String, OptionValue> later)
      throws OptionException {
    SequencedMap<String, OptionValue> merged = new LinkedHashMap<>(earlier);
    for (var entry : later.entrySet()) {
      String key = entry.getKey();
      merged.put(key, merge(path + key, earlier.get(key), entry.getValue()));
    }
    return merged;
  }

  private static OptionValue merge(String path, @Nullable OptionValue earlier, OptionValue later)
      throws OptionException {
    return switch (later) {
      case OptionValue.Fields(var values) when earlier instanceof OptionValue.Fields(var before) ->
          new OptionValue.Fields(merge(path + '.', before, values));
      case OptionValue.Items(var values) when earlier instanceof OptionValue.Items(var before) ->
          new OptionValue.Items(joined(before, values));
      default -> {
        if (earlier != null && (isTree(earlier) || isTree(later))) {
          throw new OptionException(
              Excerpt.of(path)
                  + " is "
                  + earlier.kind()
                  + " first and "
                  + later.kind()
                  + " later: write it as one or the other");
        }
        yield later;
      }
    };
  }

  private static List<OptionValue> joined(List<OptionValue> before, List<OptionValue> after) {
    List<OptionValue> all = new ArrayList<>(before);
    all.addAll(after);
    return all;
  }

  private static OptionException noValue(String name) throws OptionException {
    if (name.isEmpty()) {
      return new OptionException("an item is empty: write KEY=VALUE on each side of a comma");
    }
    KeyTree.requireKey(name);
    return new OptionException(
        Excerpt.of(name) + " has no value: write " + Excerpt.of(name) + "=VALUE");
  }

  private static boolean isTree(OptionValue value) {
    return value instanceof OptionValue.Fields || value instanceof OptionValue.Items;
  }

  private static SequencedMap<String, OptionValue> asMap(Options options) {
    SequencedMap<String, OptionValue> map = new LinkedHashMap<>();
    options.entries().forEach(entry -> map.put(entry.key(), entry.value()));
    return map;
  }

  private static Options asOptions(SequencedMap<String, OptionValue> map, boolean help) {
    return new Options(
        map.entrySet().stream().map(e -> new Options.Entry(e.getKey(), e.getValue())).toList(),
        help);
  }
}
