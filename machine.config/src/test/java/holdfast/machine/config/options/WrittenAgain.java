package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** What was read from an option, written as text again and read again, is the same. */
final class WrittenAgain {
  private WrittenAgain() {}

  /** As a configuration and as an option. */
  static void assertSame(TypedOption option, ParsedObject object) throws OptionException {
    TypeDefinition type = object.type();
    Map<String, Object> written = new HashMap<>(object.texts());
    written.put(TypeDefinition.EXACT, true); // as the command line writes it
    assertEquals(object, type.checkConfiguration("configuration", written));

    List<String> items = new ArrayList<>(List.of(type.name()));
    items.addAll(type.items(object));
    String text = String.join(",", items);
    assertEquals(object, option.parse(text), text);
  }

  /** Each entry with its key, in QEMU's older syntax. */
  static void assertSameOpts(Options options) {
    String text =
        options.entries().stream()
            .map(entry -> entry.key() + "=" + escaped(((OptionValue.Bare) entry.value()).text()))
            .collect(Collectors.joining(","));
    assertEquals(options.entries(), QemuOpts.parse(text).entries(), text);
  }

  /** Each leaf of the tree with its whole path. */
  static void assertSameKeyval(Options options) throws OptionException {
    List<String> items = new ArrayList<>();
    options.entries().forEach(entry -> leaves(entry.key(), entry.value(), items));
    String text = String.join(",", items);
    assertEquals(options.entries(), Keyval.parse("again", text, "type").entries(), text);
  }

  private static void leaves(String path, OptionValue value, List<String> into) {
    switch (value) {
      case OptionValue.Bare(String text) -> into.add(path + "=" + escaped(text));
      case OptionValue.Items(List<OptionValue> items) -> {
        for (int i = 0; i < items.size(); i++) {
          leaves(path + "." + i, items.get(i), into);
        }
      }
      case OptionValue.Fields(SequencedMap<String, OptionValue> fields) ->
          fields.forEach((key, field) -> leaves(path + "." + key, field, into));
      default -> throw new AssertionError("no typed values in this syntax: " + value);
    }
  }

  private static String escaped(String value) {
    return value.replace(",", ",,");
  }
}
