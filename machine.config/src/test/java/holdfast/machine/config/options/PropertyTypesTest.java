package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Values are read as QEMU's option visitor reads them: the types of its "QMP reference", {@code
 * MemoryBackendProperties}, as text on a command line (qemu(1), {@code -object}).
 */
class PropertyTypesTest {

  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource({
    "on, true", "yes, true", "true, true", "y, true",
    "off, false", "no, false", "false, false", "n, false"
  })
  void booleans(String text, boolean value) throws OptionException {
    assertEquals(value, PropertyType.bool().parse(text));
  }

  @ParameterizedTest(name = "[{0}]")
  @ValueSource(strings = {"", "On", "ON", "1", "0", "t", " on", "on ", "enabled"})
  void notBooleans(String text) {
    assertEquals(
        Excerpt.of(text) + " is neither on nor off: write on or off",
        sentenceOf(() -> PropertyType.bool().parse(text)));
  }

  @ParameterizedTest(name = "[{0}] is {1}")
  @DisplayName("whole numbers, as C writes them")
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "0|0", "7|7", "0x1f|31", "0X1F|31", "010|8", "00|0", " 7|7", "+7|7", "-1|-1", "-0x1|-1",
        "-0|0", "100|100"
      })
  void integers(String text, long value) throws OptionException {
    assertEquals(value, PropertyType.integer(-1, 100).parse(text));
  }

  @ParameterizedTest(name = "[{0}]")
  @ValueSource(
      strings = {"", " ", "08", "0x", "1k", "1.0", "7 ", "- 1", "+-1", "ten", "1e2", "\u0661"})
  void notIntegers(String text) {
    assertEquals(
        Excerpt.of(text)
            + " is not a whole number: write it in decimal, or in hexadecimal after 0x",
        sentenceOf(() -> PropertyType.integer(-1, 100).parse(text)));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"-2", "101", "18446744073709551615", "99999999999999999999999999"})
  void integersOutOfRange(String text) {
    assertEquals(
        text + " is out of range: write a number from -1 to 100",
        sentenceOf(() -> PropertyType.integer(-1, 100).parse(text)));
  }

  @Test
  @DisplayName("choices are the words and nothing else")
  void choices() throws OptionException {
    PropertyType<SampleOptions.Policy> type = PropertyType.choice(SampleOptions.Policy.class);

    assertEquals(SampleOptions.Policy.BIND, type.parse("bind"));
    assertEquals("interleave", type.print(SampleOptions.Policy.INTERLEAVE));
    for (String text : List.of("Bind", "BIND", "", "foo")) {
      assertEquals(
          Excerpt.of(text)
              + " is not among the choices: write default, preferred, bind, interleave",
          sentenceOf(() -> type.parse(text)));
    }
  }

  @Test
  @DisplayName("an identifier is a letter, then letters, digits, '-', '.' and '_'")
  void identifiers() throws OptionException {
    for (String text : List.of("m", "nv_be4", "a.b-c_d", "A1")) {
      assertEquals(text, PropertyType.identifier().parse(text));
    }
    for (String text : List.of("", "1a", "_a", "a b", "a/b", "\u00e4", "#m")) {
      assertEquals(
          Excerpt.of(text)
              + " is not an identifier: write a letter, then letters, digits, '-', '.' or '_'",
          sentenceOf(() -> PropertyType.identifier().parse(text)));
    }
  }

  @Test
  @DisplayName("an identifier has at most 127 characters")
  void longIdentifiers() throws OptionException {
    String longest = "m".repeat(127);
    assertEquals(longest, PropertyType.identifier().parse(longest));
    assertEquals(
        "m".repeat(80)
            + "... (128 characters) is too long: write an identifier of at most 127 characters",
        sentenceOf(() -> PropertyType.identifier().parse(longest + "m")));
  }

  @Test
  @DisplayName("text is any that can be a file name")
  void texts() throws OptionException {
    PropertyType<String> type = new TextType(StandardCharsets.UTF_8);
    for (String text :
        List.of(
            " ",
            "/mnt/pmem/a,b",
            "\u00e4\ud83d\ude00",
            "a\nb",
            "a".repeat(4095),
            "\u00e4".repeat(2047))) {
      assertEquals(text, type.parse(text));
    }
    assertEquals("'' is empty: write at least one character", sentenceOf(() -> type.parse("")));
    for (String text : List.of("a\0b", "\ud83d", "a\ude00b")) {
      assertEquals(
          Excerpt.of(text)
              + " has a character that no file name can have: write it without NUL characters and"
              + " unpaired surrogates",
          sentenceOf(() -> type.parse(text)));
    }
    for (String text : List.of("a".repeat(4096), "\u00e4".repeat(2048))) {
      assertEquals(
          Excerpt.of(text) + " is too long: write at most 4095 bytes",
          sentenceOf(() -> type.parse(text)));
    }
  }

  @Test
  @DisplayName("text has only characters that file names in this locale can have")
  void textsInThisLocale() throws OptionException {
    PropertyType<String> ascii = new TextType(StandardCharsets.US_ASCII);
    assertEquals("/mnt/~", ascii.parse("/mnt/~"));
    assertEquals(
        "/mnt/\u00e4 has a character that file names in this locale, which are in US-ASCII, can't"
            + " have: use names in the encoding of the locale, or another locale, such as"
            + " LC_ALL=C.UTF-8",
        sentenceOf(() -> ascii.parse("/mnt/\u00e4")));
    // What was no character in the arguments would be another file.
    assertTrue(
        sentenceOf(() -> new TextType(StandardCharsets.UTF_8).parse("/mnt/\ufffd"))
            .startsWith("/mnt/\ufffd has a character that file names in this locale"));
  }

  @ParameterizedTest(name = "[{0}] is {1}")
  @DisplayName("numbers and ranges, each in one occurrence of the property")
  @CsvSource(
      delimiter = ';',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "0;0",
        "0-3;0-3",
        "3-3;3",
        "0x10;16",
        "010;8",
        "+0-+1;0-1",
        " 1- 2;1-2",
        "0-127;0-127"
      })
  void ranges(String text, String canonical) throws OptionException {
    PropertyType<SortedSet<Integer>> type = PropertyType.numbers(127);
    assertEquals(canonical, type.print(type.read(new OptionValue.Bare(text))));
  }

  @ParameterizedTest(name = "[{0}]")
  @ValueSource(
      strings = {
        "", "-", "0-", "-1", "-0", "3-1", "0--1", "128", "0-128", "0,1", "0 ", "a", "1-2-3"
      })
  void notRanges(String text) {
    assertEquals(
        Excerpt.of(text)
            + " is neither a number from 0 to 127 nor a range of them: write it like 0 or 0-3",
        sentenceOf(() -> PropertyType.numbers(127).read(new OptionValue.Bare(text))));
  }

  @Test
  @DisplayName("all occurrences together make the set")
  void occurrences() throws OptionException {
    PropertyType<SortedSet<Integer>> type = PropertyType.numbers(127);
    SortedSet<Integer> set =
        type.readAll(
            List.of(
                new OptionValue.Bare("7"),
                new OptionValue.Bare("0-2"),
                new OptionValue.Bare("2-3")));

    assertEquals(List.of(0, 1, 2, 3, 7), List.copyOf(set));
    assertEquals("0-3,7", type.print(set));
  }

  @Property
  void anySetSurvivesItsCanonicalForm(@ForAll List<@IntRange(max = 127) Integer> numbers)
      throws OptionException {
    PropertyType<SortedSet<Integer>> type = PropertyType.numbers(127);
    SortedSet<Integer> set = new TreeSet<>(numbers);

    assertEquals(set, type.parse(type.print(set)));
  }

  @Property
  void anyIntegerSurvivesItsCanonicalForm(@ForAll long number) throws OptionException {
    PropertyType<Long> type = PropertyType.integer(Long.MIN_VALUE, Long.MAX_VALUE);

    assertEquals(number, type.parse(type.print(number)));
  }

  @Test
  @DisplayName("a default that is no value is the programmer's mistake")
  void badDefinitions() {
    assertThrows(
        IllegalArgumentException.class,
        () -> PropertyDefinition.withDefault("size", PropertyType.size(), "12Q", "size"));
    PropertyDefinition<String> id = PropertyDefinition.required("id", PropertyType.text(), "name");
    assertThrows(
        IllegalArgumentException.class, () -> new TypeDefinition("t", "type", List.of(id, id)));
  }
}
