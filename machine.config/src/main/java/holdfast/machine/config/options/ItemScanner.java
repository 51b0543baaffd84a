package holdfast.machine.config.options;

/**
 * Goes through an option text item by item. Items are separated by commas; {@code ,,} in a value is
 * one comma of the value; a comma at the very end separates nothing.
 */
final class ItemScanner {
  private final String text;
  private int at;

  ItemScanner(String text) {
    this.text = text;
  }

  boolean hasNext() {
    return at < text.length();
  }

  /** What stands before the next {@code =} or comma. */
  String name() {
    return text.substring(at, endOfName());
  }

  /** Whether that is followed by {@code =}. */
  boolean nameHasValue() {
    int end = endOfName();
    return end < text.length() && text.charAt(end) == '=';
  }

  /** Whether that asks for help. */
  boolean asksForHelp() {
    String name = name();
    return !nameHasValue() && (name.equals("help") || name.equals("?"));
  }

  /** Takes the name and the {@code =} or comma after it. */
  String takeName() {
    String name = name();
    at = endOfName() + 1;
    return name;
  }

  /** Takes all up to the next single comma, and that comma. */
  String takeValue() {
    StringBuilder value = new StringBuilder();
    while (true) {
      int comma = text.indexOf(',', at);
      int end = comma < 0 ? text.length() : comma;
      value.append(text, at, end);
      at = end + 1;
      if (at >= text.length() || text.charAt(at) != ',') {
        return value.toString();
      }
      value.append(',');
      at++;
    }
  }

  private int endOfName() {
    int end = at;
    while (end < text.length() && text.charAt(end) != '=' && text.charAt(end) != ',') {
      end++;
    }
    return end;
  }
}
