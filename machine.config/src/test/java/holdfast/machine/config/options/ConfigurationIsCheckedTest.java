package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static holdfast.machine.config.options.SampleOptions.objectWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A configuration is checked by the same definitions as the command line that can write it. */
class ConfigurationIsCheckedTest {

  @ParameterizedTest(name = "...,{0}")
  @DisplayName("what the command line wrote reads as the same object")
  @CsvSource(
      delimiter = '|',
      value = {
        "share",
        "host-nodes=0-3,host-nodes=7,policy=bind",
        "mem-path=/a,,b",
        "align=1000",
        "prealloc-threads=0x10",
        "rom=off",
      })
  void writtenAndRead(String option) throws OptionException {
    ParsedObject written = objectWith(option);

    assertEquals(written, check(written.texts()));
  }

  @ParameterizedTest(name = "{0}={1} is {2}")
  @MethodSource("typedValues")
  @DisplayName("typed values are taken as well")
  void typed(String key, Object value, String option) throws OptionException {
    assertEquals(objectWith(option), checkWith(key, value));
  }

  static Stream<Arguments> typedValues() {
    return Stream.of(
        Arguments.of("share", true, "share=on"),
        Arguments.of("share", "yes", "share=on"),
        Arguments.of("align", 4096, "align=4k"),
        Arguments.of("align", 4096L, "align=4k"),
        Arguments.of("align", "4k", "align=4k"),
        Arguments.of("prealloc-threads", (short) 3, "prealloc-threads=3"),
        Arguments.of("prealloc-threads", (byte) 3, "prealloc-threads=3"),
        Arguments.of("host-nodes", "0-2,5", "host-nodes=0-2,host-nodes=5"),
        Arguments.of("host-nodes", "", "share=off"),
        Arguments.of("host-nodes", new String[] {"0-2", "5"}, "host-nodes=0-2,host-nodes=5"),
        Arguments.of("host-nodes", new String[0], "share=off"),
        Arguments.of("host-nodes", new Long[] {1L, 5L}, "host-nodes=1,host-nodes=5"),
        Arguments.of("host-nodes", new int[] {1, 5}, "host-nodes=1,host-nodes=5"),
        Arguments.of("host-nodes", List.of("1", 5), "host-nodes=1,host-nodes=5"));
  }

  @ParameterizedTest(name = "{0}={1}")
  @MethodSource("wrongValues")
  @DisplayName("a wrong value is refused by name, in the words of the command line")
  void refused(String key, Object value, String sentence) {
    assertEquals("configuration m: " + sentence, sentenceOf(() -> checkWith(key, value)));
  }

  static Stream<Arguments> wrongValues() {
    return Stream.of(
        Arguments.of("share", "maybe", "share=maybe is neither on nor off: write on or off"),
        Arguments.of("share", 1, "share=1 is a number: write true or false"),
        Arguments.of(
            "host-nodes",
            new Integer[] {0, null},
            "host-nodes=null is no value: leave it out instead"),
        Arguments.of(
            "host-nodes",
            Arrays.asList(0, null),
            "host-nodes=null is no value: leave it out instead"),
        Arguments.of("share", new String[] {"on"}, "share=[...] is a list: write true or false"),
        Arguments.of("align", true, "align=true is a boolean: write a number of bytes"),
        Arguments.of("align", -1, "align=-1 is negative: write a size of 0 or more"),
        Arguments.of(
            "align",
            1.5,
            "align=1.5 is a Double: configure a string, a boolean, a whole number, or a list of"
                + " these"),
        Arguments.of(
            "host-nodes",
            new String[] {"0-200"},
            "host-nodes=0-200 is neither a number from 0 to 127 nor a range of them: write it like"
                + " 0 or 0-3"),
        Arguments.of("pmen", true, "there is no property pmen: did you mean pmem?"),
        Arguments.of("Share", true, "there is no property Share: did you mean share?"));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"''", "\"\"", "'/f'", " \"/f\" ", "'a' and 'b'"})
  @DisplayName("quotes around a value are refused, but of the command line, where they are its own")
  void quoted(String value) throws OptionException {
    String sentence = sentenceOf(() -> checkWith("mem-path", value));
    assertTrue(
        sentence.contains(" is in quotes, and values are written without: write what"), sentence);
    assertTrue(sentence.startsWith("configuration m: mem-path="), sentence);
    assertTrue(sentenceOf(() -> checkWith("host-nodes", "''")).contains("leave it out"));
    assertEquals(objectWith("share=off"), checkWith("host-nodes", ""));

    Map<String, Object> exact =
        new HashMap<>(Map.of("id", "m", "size", "1M", TypeDefinition.EXACT, true));
    exact.put("mem-path", value);
    assertEquals(value, check(exact).texts().get("mem-path"));
  }

  @Test
  @DisplayName("one quote, or quotes within, are part of a value")
  void quotesWithin() throws OptionException {
    for (String value : List.of("'", "it's", "/a'b'", "'a'b", "'a\"")) {
      assertEquals(value, checkWith("mem-path", value).texts().get("mem-path"));
    }
  }

  @Test
  @DisplayName("what is missing is named")
  void missing() {
    assertEquals(
        "configuration m: id is missing: add id=<identifier>",
        sentenceOf(() -> check(Map.of("size", "1M"))));
  }

  @Test
  @DisplayName("keys of the framework, of Declarative Services and of installers are passed over")
  void reservedKeys() throws OptionException {
    Map<String, Object> dictionary = new HashMap<>(objectWith("share").texts());
    dictionary.put("service.pid", "holdfast.backend~m");
    dictionary.put("service.factoryPid", "holdfast.backend");
    dictionary.put("component.id", 7L);
    dictionary.put("component.name", "x");
    dictionary.put("felix.fileinstall.filename", "file:/x");
    dictionary.put(".private", 1.5);
    dictionary.put("allocator.target", "(kind=file)");
    dictionary.put("allocator.cardinality.minimum", 1);

    assertEquals(objectWith("share"), check(dictionary));
  }

  private static ParsedObject check(Map<String, ?> dictionary) throws OptionException {
    return SampleOptions.MEMORY_BACKEND_FILE.checkConfiguration("configuration m", dictionary);
  }

  private static ParsedObject checkWith(String key, Object value) throws OptionException {
    Map<String, Object> dictionary =
        new HashMap<>(Map.of("id", "m", "size", "1M", "mem-path", "/f"));
    dictionary.put(key, value);
    return check(dictionary);
  }
}
