package holdfast.machine.config.options;

/**
 * Reads an option text item by item. Items are separated by commas; {@code ,,} in a value is one
 * comma of the value; a comma at the very end separates nothing.
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

  /** Returns the text before the next {@code =} or comma. */
  String name() {
    return text.substring(at, endOfName());
  }

  /** Returns whether {@code =} follows the name. */
  boolean nameHasValue() {
    int end = endOfName();
    return end < text.length() && text.charAt(end) == '=';
  }

  /** Returns whether the name asks for help. */
  boolean asksForHelp() {
    String name = name();
    return !nameHasValue() && (name.equals("help") || name.equals("?"));
  }

  /** Returns the name, and moves past it and the {@code =} or comma after it. */
  String takeName() {
    String name = name();
    at = endOfName() + 1;
    return name;
  }

  /** Returns the text up to the next single comma, and moves past that comma. */
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
