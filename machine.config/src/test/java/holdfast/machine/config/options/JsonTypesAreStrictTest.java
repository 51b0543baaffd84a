package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static holdfast.machine.config.options.SampleOptions.object;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The JSON form of {@code -object} takes what QEMU's takes: qemu(1), {@code -object}, and the types
 * of its "QMP reference", {@code object-add}.
 */
class JsonTypesAreStrictTest {
  private static final String START =
      "{\"qom-type\":\"memory-backend-file\",\"id\":\"m\",\"size\":1048576,\"mem-path\":\"/f\"";

  @ParameterizedTest(name = "{0}")
  @DisplayName("the same object as in the other syntax")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"share\":true|share=on",
        "\"share\":false|share=off",
        "'share':true|share=on",
        "\"rom\":\"on\"|rom=on",
        "\"align\":2097152|align=2M",
        "\"align\":0|align=0",
        "\"prealloc-threads\":4|prealloc-threads=4",
        "\"host-nodes\":[]|share=off",
        "\"host-nodes\":[0,1,5]|host-nodes=0-1,host-nodes=5",
      })
  void accepted(String json, String option) throws OptionException {
    assertEquals(SampleOptions.objectWith(option), object(START + "," + json + "} \n"));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("a value of another type is refused by name")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"share\":\"on\"|share=\"on\" is a string: write true or false",
        "\"share\":1|share=1 is a number: write true or false",
        "\"share\":[true]|share=[...] is a list: write true or false",
        "\"share\":{}|share={...} is an object: write true or false",
        "\"align\":\"2M\"|align=\"2M\" is a string: write a number of bytes",
        "\"align\":\"\"|align=\"\" is a string: write a number of bytes",
        "\"align\":\"2 M\"|align=\"2 M\" is a string: write a number of bytes",
        "\"align\":true|align=true is a boolean: write a number of bytes",
        "\"align\":-1|align=-1 is negative: write a size of 0 or more",
        "\"align\":9223372036854775808|align=9223372036854775808 is too large: the largest size"
            + " is 9223372036854775807 bytes",
        "\"prealloc-threads\":\"4\"|prealloc-threads=\"4\" is a string: write a whole number",
        "\"prealloc-threads\":0|prealloc-threads=0 is out of range: write a number from 1 to"
            + " 4294967295",
        "\"host-nodes\":0|host-nodes=0 is a number: write a list of numbers from 0 to 127",
        "\"host-nodes\":\"0\"|host-nodes=\"0\" is a string: write a list of numbers from 0 to 127",
        "\"host-nodes\":[\"0\"]|host-nodes=\"0\" is a string: write a whole number",
        "\"host-nodes\":[128]|host-nodes=128 is out of range: write a number from 0 to 127",
        "\"rom\":true|rom=true is a boolean: write a string, one of on, off, auto",
        "\"nope\":{}|there is no property nope: did you mean rom?",
      })
  void wrongType(String json, String sentence) {
    String said = sentenceOf(() -> object(START + "," + json + "}"));
    // The advice on unknown names has a test of its own.
    String expected = sentence.startsWith("there is no") ? "there is no property nope" : sentence;
    assertTrue(said.startsWith("-object memory-backend-file,id=m: " + expected), said);
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("what is not one well-formed object is refused")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"share\":true|the JSON is not well formed at character",
        "\"share\":true}}|the JSON is not well formed at character",
        "\"share\":true} x|the JSON is not well formed at character",
        "\"share\":true} {}|the JSON is not well formed at character 89: there is more",
        "\"share\":true,}|the JSON is not well formed at character",
        "\"share\":tru}|the JSON is not well formed at character",
        "\"share\":on}|the JSON is not well formed at character",
        "\"size\":2097152}|the JSON is not well formed at character 80: Duplicate field 'size'",
        "\"x\":{\"y\":1,\"y\":2}}|the JSON is not well formed at character",
        "\"align\":02}|the JSON is not well formed at character",
        "\"share\":null}|share is null: leave it out instead",
        "\"x\":[{\"y\":null}]}|x.0.y is null: leave it out instead",
        "\"align\":1.5}|align=1.5 is not a whole number: write digits only",
        "\"align\":1e6}|align=1000000.0 is not a whole number: write digits only",
        "\"align\":1e999999999999}|align=Infinity is not a whole number: write digits only",
      })
  void malformed(String json, String sentence) {
    String said = sentenceOf(() -> object(START + "," + json));
    assertTrue(said.startsWith("-object: " + sentence), said);
  }

  @Test
  @DisplayName("a type that is missing, unknown or no string is refused")
  void types() {
    assertEquals(
        "-object: the type is missing: begin with it; the types are memory-backend-file",
        sentenceOf(() -> object("{}")));
    assertEquals(
        "-object: qom-type=5 is a number: write a string",
        sentenceOf(() -> object("{\"qom-type\":5}")));
    assertEquals(
        "-object: help is not a type: the types are memory-backend-file",
        sentenceOf(() -> object("{\"qom-type\":\"help\"}")));
  }

  @Test
  @DisplayName("an object that a monitor has read already is checked alike")
  void readAlready() throws OptionException {
    TypedOption objectAdd = new TypedOption("object-add", "qom-type", SampleOptions.OBJECT.types());
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("qom-type", "memory-backend-file");
    arguments.put("id", "m");
    arguments.put("size", 1048576);
    arguments.put("mem-path", "/f");
    arguments.put("host-nodes", List.of(0, 1));

    assertEquals(
        SampleOptions.objectWith("host-nodes=0-1"),
        objectAdd.check(JsonOptions.of("object-add", arguments)));
    arguments.put("share", "on");
    assertEquals(
        "object-add memory-backend-file,id=m: share=\"on\" is a string: write true or false",
        sentenceOf(() -> objectAdd.check(JsonOptions.of("object-add", arguments))));
    arguments.put("share", null);
    assertEquals(
        "object-add: share is null: leave it out instead",
        sentenceOf(() -> JsonOptions.of("object-add", arguments)));
  }

  @Test
  @DisplayName("depth and length are bounded")
  void bounds() {
    String deep = "{\"a\":" + "[".repeat(500_000);
    assertTrue(sentenceOf(() -> object(deep)).contains("the JSON is out of bounds at character"));
    String digits = START + ",\"align\":" + "9".repeat(1_000_000) + "}";
    assertTrue(sentenceOf(() -> object(digits)).contains("out of bounds"));
    String name = "{\"" + "a".repeat(1_000_000) + "\":1}";
    assertTrue(sentenceOf(() -> object(name)).contains("out of bounds"));
  }

  @Test
  @DisplayName("text that is no object is refused where JSON is asked for")
  void noObject() {
    assertTrue(
        sentenceOf(() -> JsonOptions.parse("-object", "[1]"))
            .startsWith("-object: the JSON is not well formed at character"));
    assertTrue(
        sentenceOf(() -> JsonOptions.parse("-object", ""))
            .startsWith("-object: the JSON is not well formed at character"));
  }
}
