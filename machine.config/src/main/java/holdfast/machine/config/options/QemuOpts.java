package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The syntax of {@code -object}, {@code -device} and {@code -m}: {@code key=value} items separated
 * by commas. Every text is well formed.
 *
 * <ul>
 *   <li>{@code ,,} in a value is one comma; a value may be empty; a comma at the very end is
 *       ignored.
 *   <li>A first item without {@code =} is the value of the implied key, if there is one.
 *   <li>Any other item without {@code =} is a flag: {@code share} is {@code share=on} and {@code
 *       noshare} is {@code share=off}. The letters {@code no} are cut from any flag that begins
 *       with them.
 *   <li>A key may be repeated; all its values are kept.
 * </ul>
 */
public final class QemuOpts {
  /** The prefix of a flag that switches something off. */
  static final String NEGATION = "no";

  private QemuOpts() {}

  /** Parses {@code text}, for an option without an implied key. */
  public static Options parse(String text) {
    return read(text, null);
  }

  /** Parses {@code text}, for an option whose first item may leave out {@code impliedKey=}. */
  public static Options parse(String text, String impliedKey) {
    return read(text, impliedKey);
  }

  private static Options read(String text, @Nullable String impliedKey) {
    List<Options.Entry> entries = new ArrayList<>();
    boolean help = false;
    boolean first = true;
    for (ItemScanner items = new ItemScanner(text); items.hasNext(); first = false) {
      if (items.asksForHelp()) {
        items.takeName();
        help = true;
      } else if (items.nameHasValue()) {
        entries.add(entry(items.takeName(), items.takeValue()));
      } else if (first && impliedKey != null) {
        entries.add(entry(impliedKey, items.takeValue()));
      } else {
        entries.add(flag(items.takeName()));
      }
    }
    return new Options(entries, help);
  }

  private static Options.Entry flag(String name) {
    return name.startsWith(NEGATION)
        ? entry(name.substring(NEGATION.length()), "off")
        : entry(name, "on");
  }

  private static Options.Entry entry(String key, String value) {
    return new Options.Entry(key, new OptionValue.Bare(value));
  }
}
