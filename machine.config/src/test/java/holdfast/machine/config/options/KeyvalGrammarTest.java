package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Dotted keys, as in QEMU's {@code -machine}: the grammar in the comment at the head of QEMU's
 * util/keyval.c. The tables show an object as <code>{key:value}</code> and a list as {@code
 * [value]}.
 */
class KeyvalGrammarTest {

  @ParameterizedTest(name = "{0} reads {1}")
  @DisplayName("well formed, with the implied key 'type'")
  @CsvSource(
      delimiter = '|',
      value = {
        "''|{}",
        "pc|{type:pc}",
        "pc,|{type:pc}",
        "pc,a=1|{type:pc a:1}",
        "a=1|{a:1}",
        "a=|{a:}",
        "a=1,|{a:1}",
        "a=1,,2|{a:1,2}",
        "a=,,|{a:,}",
        "a=x=y|{a:x=y}",
        "a=1,a=2|{a:2}",
        "id=x,id=y|{id:y}",
        "a-b_c9=1|{a-b_c9:1}",
        "a.b=1|{a:{b:1}}",
        "a.b=1,a.c=2|{a:{b:1 c:2}}",
        "a.b.c=1,d=2|{a:{b:{c:1}} d:2}",
        "a.0=x|{a:[x]}",
        "a.1=y,a.0=x|{a:[x y]}",
        "a.0=x,a.0=y|{a:[y]}",
        "a.0.b=x,a.1.b=y|{a:[{b:x} {b:y}]}",
        "a.0.0=x|{a:[[x]]}",
        "pc,type=q35|{type:q35}",
        "noshare=1|{noshare:1}",
      })
  void wellFormed(String text, String tree) throws OptionException {
    assertEquals(tree, show(parse(text)));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("help or ? alone, anywhere, asks for help")
  @CsvSource(
      delimiter = '|',
      value = {"help", "?", "pc,help", "a=1,?", "help,a=1"})
  void help(String text) throws OptionException {
    assertTrue(parse(text).helpRequested());
  }

  @ParameterizedTest(name = "{0}: {1}")
  @DisplayName("refused, with the sentence")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "pc,nvdimm|nvdimm has no value: write nvdimm=VALUE",
        "pc,n v|'n v' can't be a key: write names of letters, digits, - and _, joined by dots",
        "pc,1a|1a can't be a key: write names of letters, digits, - and _, joined by dots",
        "a=1,nvdimm|nvdimm has no value: write nvdimm=VALUE",
        "pc,,a=1|an item is empty: write KEY=VALUE on each side of a comma",
        ",|an item is empty: write KEY=VALUE on each side of a comma",
        ",pc|an item is empty: write KEY=VALUE on each side of a comma",
        "=1|'' can't be a key: write names of letters, digits, - and _, joined by dots",
        "1a=x|1a can't be a key: write names of letters, digits, - and _, joined by dots",
        "0=x|0 can't be a key: write names of letters, digits, - and _, joined by dots",
        "0.a=x|0.a can't be a key: write names of letters, digits, - and _, joined by dots",
        "a..b=x|a..b can't be a key: write names of letters, digits, - and _, joined by dots",
        ".a=x|.a can't be a key: write names of letters, digits, - and _, joined by dots",
        "a.=x|a. can't be a key: write names of letters, digits, - and _, joined by dots",
        "a.0b=x|a.0b can't be a key: write names of letters, digits, - and _, joined by dots",
        "a b=x|'a b' can't be a key: write names of letters, digits, - and _, joined by dots",
        "a=1,a.b=2|a.b is used in two ways: write a value, a list or an object, and not two of"
            + " them",
        "a.b=1,a=2|a is used in two ways: write a value, a list or an object, and not two of them",
        "a.0=1,a.b=2|a.* is used in two ways: write a value, a list or an object, and not two of"
            + " them",
        "a.1=x|a.0 is missing: number the items of a list from 0 without gaps",
        "a.0=x,a.2=y|a.1 is missing: number the items of a list from 0 without gaps",
        "a.99999999999999999999=x|a.0 is missing: number the items of a list from 0 without gaps",
      })
  void refused(String text, String sentence) {
    assertEquals("-machine: " + sentence, sentenceOf(() -> parse(text)));
  }

  @Test
  @DisplayName("a part of a key has at most 127 characters, and a key at most 32 parts")
  void longKeys() throws OptionException {
    String part = "a".repeat(127);
    assertEquals("{" + part + ":1}", show(parse(part + "=1")));
    assertTrue(sentenceOf(() -> parse(part + "a=1")).contains("a part that is too long"));
    assertTrue(sentenceOf(() -> parse("x." + part + "a=1")).contains("a part that is too long"));

    assertTrue(show(parse("a" + ".a".repeat(31) + "=1")).startsWith("{a:{a:{a:"));
    assertTrue(sentenceOf(() -> parse("a" + ".a".repeat(32) + "=1")).contains("too many parts"));
    assertTrue(sentenceOf(() -> parse("a.a".repeat(300_000) + "=")).contains("too many parts"));
  }

  @ParameterizedTest(name = "{0} and then {1} is {2}")
  @DisplayName("merged: lists joined, objects merged, values replaced")
  @CsvSource(
      delimiter = '|',
      value = {
        "pc,a=1|q35,b=2|{type:q35 a:1 b:2}",
        "a.0=x|a.0=y|{a:[x y]}",
        "a.b=1,a.c=2|a.c=3,a.d=4|{a:{b:1 c:3 d:4}}",
        "a.b.0=x|a.b.0=y|{a:{b:[x y]}}",
        "a=1|''|{a:1}",
      })
  void merged(String earlier, String later, String tree) throws OptionException {
    assertEquals(tree, show(Keyval.merge("-machine", parse(earlier), parse(later))));
  }

  @ParameterizedTest(name = "{0} and then {1}")
  @DisplayName("what is of two kinds can't be merged")
  @CsvSource(
      delimiter = '|',
      value = {
        "a=1|a.b=2|a is plain text first and an object later: write it as one or the other",
        "a.b=1|a=2|a is an object first and plain text later: write it as one or the other",
        "a.0=1|a.b=2|a is a list first and an object later: write it as one or the other",
        "x.a.0=1|x.a=2|x.a is a list first and plain text later: write it as one or the other",
      })
  void unmergeable(String earlier, String later, String sentence) {
    assertEquals(
        "-machine: " + sentence,
        sentenceOf(() -> Keyval.merge("-machine", parse(earlier), parse(later))));
  }

  @Property
  @Label("any value with its commas doubled reads back")
  void escapedCommas(@ForAll String value) throws OptionException {
    Options options = parse("a=" + value.replace(",", ",,") + ",b=1");

    assertEquals(new OptionValue.Bare(value), options.value("a").orElseThrow());
    assertEquals(new OptionValue.Bare("1"), options.value("b").orElseThrow());
  }

  private static Options parse(String text) throws OptionException {
    return Keyval.parse("-machine", text, "type");
  }

  private static String show(Options options) {
    return options.entries().stream()
        .map(entry -> entry.key() + ":" + show(entry.value()))
        .collect(Collectors.joining(" ", "{", "}"));
  }

  private static String show(OptionValue value) {
    return switch (value) {
      case OptionValue.Bare(String text) -> text;
      case OptionValue.Items(List<OptionValue> items) ->
          items.stream().map(KeyvalGrammarTest::show).collect(Collectors.joining(" ", "[", "]"));
      case OptionValue.Fields(SequencedMap<String, OptionValue> fields) ->
          fields.entrySet().stream()
              .map(field -> field.getKey() + ":" + show(field.getValue()))
              .collect(Collectors.joining(" ", "{", "}"));
      default -> throw new AssertionError("no typed values in this syntax: " + value);
    };
  }
}
