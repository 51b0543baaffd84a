package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where metrics may be served. */
class MetricsDefinitionTest {

  @ParameterizedTest
  @CsvSource({
    "prometheus, 127.0.0.1, 9464",
    "'prometheus,address=127.0.0.1:1', 127.0.0.1, 1",
    "'prometheus,address=127.1.2.3:65535', 127.1.2.3, 65535",
    "'prometheus,address=localhost:9100', 127.0.0.1, 9100",
    "'prometheus,address=[::1]:9100', 0:0:0:0:0:0:0:1, 9100",
    "'prometheus,address=::1:9100', 0:0:0:0:0:0:0:1, 9100",
  })
  @DisplayName("at loopback addresses in digits")
  void served(String value, String host, int port) throws OptionException {
    ParsedObject parsed = assertInstanceOf(ParsedObject.class, MetricsDefinition.parse(value));
    assertTrue(MetricsDefinition.isServed(parsed));
    InetSocketAddress address = MetricsDefinition.address(parsed.texts());
    assertEquals(host, address.getAddress().getHostAddress());
    assertEquals(port, address.getPort());
  }

  @ParameterizedTest
  @CsvSource({
    "'prometheus,address=0.0.0.0:9464', is no loopback address",
    "'prometheus,address=[::]:9464', is no loopback address",
    "'prometheus,address=192.168.0.1:9464', is no loopback address",
    "'prometheus,address=example.org:9464', in digits",
    "'prometheus,address=:9464', in digits",
    "'prometheus,address=127.999.1.1:9464', in digits",
    "'prometheus,address=127.0.0.1', has no port",
    "'prometheus,address=127.0.0.1:0', no port from 1 to 65535",
    "'prometheus,address=127.0.0.1:65536', no port from 1 to 65535",
    "'prometheus,address=127.0.0.1:x', no port from 1 to 65535",
    "'prometheus,port=1', there is no property port",
    "'jmx,address=127.0.0.1:1', there is no property address",
    "graphite, graphite is not a type",
  })
  @DisplayName("nowhere else, with one sentence")
  void refused(String value, String words) {
    String sentence =
        assertThrows(OptionException.class, () -> MetricsDefinition.parse(value)).getMessage();
    assertTrue(sentence.startsWith("-metrics"), sentence);
    assertTrue(sentence.contains(words), sentence);
  }

  @Test
  @DisplayName("as a configuration, which the sentence names")
  void configured() throws OptionException {
    assertEquals(9464, MetricsDefinition.address(Map.of("service.pid", "x")).getPort());
    String sentence =
        assertThrows(
                OptionException.class,
                () -> MetricsDefinition.address(Map.of("address", "0.0.0.0:1")))
            .getMessage();
    assertTrue(
        sentence.startsWith("configuration holdfast.monitor.metrics: address=0.0.0.0:1 is no"),
        sentence);
  }

  @Test
  @DisplayName("beans alone, and help")
  void others() throws OptionException {
    ParsedObject parsed = assertInstanceOf(ParsedObject.class, MetricsDefinition.parse("jmx"));
    assertFalse(MetricsDefinition.isServed(parsed));
    HelpText help = assertInstanceOf(HelpText.class, MetricsDefinition.parse("prometheus,help"));
    assertTrue(help.text().contains("127.0.0.1:9464"), help.text());
  }
}
