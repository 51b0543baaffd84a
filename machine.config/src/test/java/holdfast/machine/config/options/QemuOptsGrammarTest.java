package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Items separated by commas, as in QEMU's {@code -object}, {@code -device} and {@code -m}: qemu(1),
 * introduction of "Options" and {@code -drive} (doubled commas), "Short-form boolean options" in
 * its deprecated features (flags). The tables show entries as {@code [key=value]}.
 */
class QemuOptsGrammarTest {

  @ParameterizedTest(name = "{0} reads {1}")
  @DisplayName("without an implied key")
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      value = {
        "a=1|[a=1]",
        "a=1,b=2|[a=1][b=2]",
        "a=1,|[a=1]",
        "a=|[a=]",
        "a=,b=|[a=][b=]",
        "a=1,,2|[a=1,2]",
        "a=,,|[a=,]",
        "a=,,,|[a=,]",
        "a=,,,b|[a=,][b=on]",
        "a=x=y|[a=x=y]",
        "a=1,a=2|[a=1][a=2]",
        "share|[share=on]",
        "share,|[share=on]",
        "noshare|[share=off]",
        "nvdimm|[nvdimm=on]",
        "node|[de=off]",
        "no|[=off]",
        "noshare=on|[noshare=on]",
        ",|[=on]",
        ",,|[=on][=on]",
        "a,,b|[a=on][=on][b=on]",
        "=x|[=x]",
        "a.0=1|[a.0=1]",
        "''|''",
      })
  void withoutImpliedKey(String text, String entries) {
    assertEquals(entries, show(QemuOpts.parse(text)));
  }

  @ParameterizedTest(name = "{0} reads {1}")
  @DisplayName("with the implied key 'type'")
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      value = {
        "file|[type=file]",
        "file,a=1|[type=file][a=1]",
        "fi,,le,a=1|[type=fi,le][a=1]",
        "fi,,le=x,a=1|[type=fi,le=x][a=1]",
        "nofile|[type=nofile]",
        "type=file|[type=file]",
        "a=1,file|[a=1][file=on]",
        "file,file|[type=file][file=on]",
        ",|[type=]",
        ",,a|[type=,a]",
        "''|''",
      })
  void withImpliedKey(String text, String entries) {
    assertEquals(entries, show(QemuOpts.parse(text, "type")));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("help or ? alone, anywhere, asks for help")
  @CsvSource(
      delimiter = '|',
      value = {"help", "?", "file,help", "file,?,a=1", "help,file", "file,help,"})
  void help(String text) {
    assertTrue(QemuOpts.parse(text, "type").helpRequested());
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("help with anything to it doesn't")
  @CsvSource(
      delimiter = '|',
      value = {"file,help=on", "file,id=help", "file,help me", "file,a=,,help", "nohelp"})
  void noHelp(String text) {
    assertFalse(QemuOpts.parse(text, "type").helpRequested());
  }

  @Test
  @DisplayName("of a repeated key the last value counts, of id the first")
  void repeatedKeys() {
    Options options = QemuOpts.parse("a=1,id=x,a=2,id=y,a=3");

    assertEquals(List.of(bare("1"), bare("2"), bare("3")), options.given("a"));
    assertEquals(Optional.of(bare("3")), options.value("a"));
    assertEquals(Optional.of(bare("x")), options.value("id"));
    assertEquals(Optional.empty(), options.value("b"));
  }

  @Test
  @DisplayName("several -m add up")
  void merged() {
    Options both = QemuOpts.parse("1G,slots=1", "size").followedBy(QemuOpts.parse("slots=2"));

    assertEquals("[size=1G][slots=1][slots=2]", show(both));
    assertFalse(both.helpRequested());
    assertTrue(both.followedBy(QemuOpts.parse("help")).helpRequested());
  }

  @Property
  @Label("any value with its commas doubled reads back")
  void escapedCommas(@ForAll String value, @ForAll String next) {
    Options options =
        QemuOpts.parse("a=" + value.replace(",", ",,") + ",b=" + next.replace(",", ",,"));

    assertEquals(
        List.of(new Options.Entry("a", bare(value)), new Options.Entry("b", bare(next))),
        options.entries());
  }

  private static OptionValue bare(String text) {
    return new OptionValue.Bare(text);
  }

  private static String show(Options options) {
    return options.entries().stream()
        .map(entry -> "[" + entry.key() + "=" + ((OptionValue.Bare) entry.value()).text() + "]")
        .collect(Collectors.joining());
  }
}
