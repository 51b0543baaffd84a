package holdfast.machine.migration.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.migration.internal.channel.MigrationAddress.File;
import holdfast.machine.migration.internal.channel.MigrationAddress.Tcp;
import holdfast.machine.migration.internal.channel.MigrationAddress.Unix;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The addresses of a migration, as text. */
class MigrationAddressTest {
  @Test
  @DisplayName("each of the three forms gives its parts")
  void parts() throws Exception {
    assertEquals(new Unix(Path.of("/run/a:b,c")), MigrationAddress.parse("unix:/run/a:b,c"));
    assertEquals(new Tcp("host.example", 4444), MigrationAddress.parse("tcp:host.example:4444"));
    assertEquals(new Tcp("::1", 1), MigrationAddress.parse("tcp:[::1]:1"));
    assertEquals(new File(Path.of("a b")), MigrationAddress.parse("file:a b"));
    assertEquals(new Tcp("127.0.0.1", 0), MigrationAddress.parseToListen("tcp:127.0.0.1:0"));
  }

  @ParameterizedTest
  @DisplayName("an address is shown as it was written")
  @ValueSource(
      strings = {
        "unix:/run/s",
        "unix:s",
        "tcp:localhost:65535",
        "tcp:0.0.0.0:1",
        "tcp:[::]:4444",
        "tcp:[fe80::1%eth0]:4444",
        "tcp:[::ffff:10.0.0.1]:4444",
        "file:/var/lib/guest.snapshot"
      })
  void asWritten(String text) throws Exception {
    assertEquals(text, MigrationAddress.parse(text).toString());
  }

  @ParameterizedTest
  @DisplayName("what is no address is refused, with what is wrong and what there is")
  @CsvSource(
      quoteCharacter = '"',
      delimiter = '|',
      value = {
        "\"\"|names no protocol",
        "/run/s|names no protocol",
        "UNIX:/run/s|names no protocol",
        "udp:h:1|names no protocol",
        "exec:cat|exec: is not there",
        "fd:3|fd: is not there",
        "rdma:h:1|rdma: is not there",
        "vsock:1:2|vsock: is not there",
        "unix:|the path is missing",
        "file:|the path is missing",
        "file:/x,offset=0x1000|has no offset",
        "tcp:|the port is missing",
        "tcp:host|the port is missing",
        "tcp::4444|the host is missing",
        "tcp:h:|a port is a number from 1 to 65535",
        "tcp:h:0|a port is a number from 1 to 65535",
        "tcp:h:65536|a port is a number",
        "tcp:h:-1|a port is a number",
        "tcp:h:0444|a port is a number",
        "tcp:h:+1|a port is a number",
        "tcp:h:99999999999|a port is a number",
        "tcp:h:1,to=9|a port is a number",
        "tcp:::1:4444|is written in brackets",
        "tcp:[h]:4444|no IPv6 address in the brackets",
        "tcp:[]:4444|no IPv6 address in the brackets",
        "tcp:[1.2.3.4]:4444|no IPv6 address in the brackets",
        "tcp:a b:4444|neither a name nor an address",
        "tcp:a:b:4444|neither a name nor an address"
      })
  void refused(String text, String problem) {
    String sentence =
        assertThrows(InvalidRequestException.class, () -> MigrationAddress.parse(text))
            .getMessage();
    assertTrue(sentence.contains("'" + text + "'"), sentence);
    assertTrue(sentence.contains(problem), sentence);
    assertTrue(sentence.contains("unix:PATH, tcp:HOST:PORT, cpr:PATH or file:PATH"), sentence);
  }

  @Test
  @DisplayName("a path with a byte that no path can have is refused")
  void zeroByte() {
    assertThrows(
        InvalidRequestException.class, () -> MigrationAddress.parse("unix:/run/\0")); // and no NPE
  }
}
