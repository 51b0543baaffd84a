package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.assertIsSentence;
import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever stands in an option, reading it ends in a result or in an {@link OptionException} with
 * one printable sentence; no other exception comes out, and no input takes long.
 */
class AnyOptionEndsInAResultOrOneSentenceTest {
  private static final Duration LONGEST = Duration.ofMinutes(1);

  private static final List<String> PIECES =
      List.of(
          "memory-backend-file",
          "nvdimm",
          "id",
          "size",
          "share",
          "host-nodes",
          "policy",
          "mem-path",
          "qom-type",
          "type",
          "help",
          "?",
          "no",
          "=",
          "=",
          "=",
          ",",
          ",",
          ",",
          ",,",
          ".",
          "0",
          "1",
          "-",
          "0x",
          "1M",
          "1.5",
          "99999999999999999999999",
          "on",
          "off",
          " ",
          "\0",
          "\n",
          "\ud83d",
          "\ude00",
          "\u202e");

  private static final List<String> JSON_PIECES =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ":",
          ",",
          "\"",
          "'",
          "\"id\":",
          "\"size\":",
          "\"qom-type\":",
          "\"memory-backend-file\"",
          "\"m\"",
          "1048576",
          "-0",
          "1.5",
          "1e99999999999",
          "true",
          "null",
          "\\u0000",
          "\\ud83d",
          "\\x",
          " ",
          "\0",
          "\ud83d",
          "/*");

  @Property
  void anyString(@ForAll String text) {
    readInEveryWay(text);
  }

  @Property(tries = 2000)
  void anythingThatLooksLikeAnOption(@ForAll("options") String text) {
    readInEveryWay(text);
  }

  @Property(tries = 2000)
  void anythingThatLooksLikeJson(@ForAll("json") String text) {
    readInEveryWay(text);
  }

  @Property
  void anyValueOfAnyProperty(@ForAll String value) {
    for (PropertyDefinition<?> property : SampleOptions.MEMORY_BACKEND_FILE.properties()) {
      readInEveryWay(
          "memory-backend-file,id=m,size=1M,mem-path=/f,"
              + property.name()
              + "="
              + value.replace(",", ",,"));
    }
  }

  @Property
  void anyConfiguration(@ForAll Map<String, String> dictionary, @ForAll String size) {
    ends(() -> SampleOptions.MEMORY.checkConfiguration("configuration", dictionary));
    ends(() -> SampleOptions.MEMORY.checkConfiguration("configuration", Map.of("size", size)));
  }

  @Property(tries = 100)
  void anyPatternOverAndOver(@ForAll("options") String option, @ForAll("json") String json) {
    for (String pattern : List.of(option, json)) {
      String text = pattern.repeat(65_536 / Math.max(1, pattern.length()));
      assertTimeoutPreemptively(LONGEST, () -> readInEveryWay(text), pattern);
      // The same within the value of a property.
      assertTimeoutPreemptively(
          LONGEST, () -> readInEveryWay("memory-backend-file,mem-path=" + text), pattern);
    }
  }

  @Provide
  Arbitrary<String> options() {
    return Arbitraries.of(PIECES).list().ofMaxSize(20).map(pieces -> String.join("", pieces));
  }

  @Provide
  Arbitrary<String> json() {
    return Arbitraries.of(JSON_PIECES)
        .list()
        .ofMaxSize(20)
        .map(pieces -> "{" + String.join("", pieces));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("endlessTexts")
  @DisplayName("a million characters of one kind")
  void endless(String name, String text) {
    assertTimeoutPreemptively(LONGEST, () -> readInEveryWay(text), name);
  }

  static Stream<Arguments> endlessTexts() {
    String object = "memory-backend-file,id=m,size=1M,mem-path=/f,";
    String json = "{\"qom-type\":\"memory-backend-file\",\"id\":\"m\",\"size\":1,\"mem-path\":";
    return Stream.of(
        Arguments.of("letters", "a".repeat(1_000_000)),
        Arguments.of("commas", ",".repeat(1_000_000)),
        Arguments.of("equals signs", "=".repeat(1_000_000)),
        Arguments.of("NULs", "\0".repeat(1_000_000)),
        Arguments.of("halves of surrogate pairs", "\ud83d".repeat(1_000_000)),
        Arguments.of("flags", object + "share,".repeat(160_000)),
        Arguments.of("unknown flags", object + "x,".repeat(500_000)),
        Arguments.of("ids", object + "id=m,".repeat(200_000)),
        Arguments.of("ranges", object + "host-nodes=0-127,".repeat(60_000)),
        Arguments.of("a path", object + "mem-path=" + "/a".repeat(500_000)),
        Arguments.of("a size", object + "size=" + "1".repeat(1_000_000) + "M"),
        Arguments.of("a fraction", object + "size=0." + "1".repeat(1_000_000) + "M"),
        Arguments.of("an identifier", object.replace("id=m", "id=" + "m".repeat(1_000_000))),
        Arguments.of("a dotted key", "a" + ".a".repeat(500_000) + "=1"),
        Arguments.of(
            "a list", IntStream.range(0, 60_000).mapToObj("a.%d=1,"::formatted).collect(joining())),
        Arguments.of("open brackets", json + "[".repeat(1_000_000)),
        Arguments.of("open braces", "{\"a\":".repeat(200_000)),
        Arguments.of("a JSON string", json + "\"" + "a".repeat(1_000_000) + "\"}"),
        Arguments.of("a JSON number", json + "1".repeat(1_000_000) + "}"),
        Arguments.of("JSON blanks", json + " ".repeat(1_000_000) + "1}"),
        Arguments.of("JSON numbers", json + "[" + "1,".repeat(500_000) + "1]}"));
  }

  private static void readInEveryWay(String text) {
    ends(() -> SampleOptions.OBJECT.parse(text));
    ends(() -> SampleOptions.DEVICE.parse(text));
    ends(() -> SampleOptions.MEMORY.check("-m", QemuOpts.parse(text, "size")));
    ends(
        () -> {
          Options options = Keyval.parse("-machine", text, "type");
          Keyval.merge("-machine", options, options);
          return SampleOptions.MACHINE.check("-machine", options);
        });
    ends(() -> JsonOptions.parse("-object", text));
    ends(() -> QemuOpts.parse(text));
  }

  private interface Reading {
    Object read() throws OptionException;
  }

  private static void ends(Reading reading) {
    try {
      if (reading.read() instanceof ParsedObject object) {
        Map<String, Object> texts = new HashMap<>(object.texts());
        texts.put(TypeDefinition.EXACT, true);
        assertEquals(object, object.type().checkConfiguration("configuration", texts));
      }
    } catch (OptionException e) {
      assertIsSentence(e.getMessage());
    }
  }
}
