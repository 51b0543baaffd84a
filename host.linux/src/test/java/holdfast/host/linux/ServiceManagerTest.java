package holdfast.host.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ServiceManagerTest {
  /** Receives one datagram at the address in the first argument, and prints it. */
  private static final String RECEIVER =
      """
      use Socket; $| = 1; my $name = $ARGV[0]; $name =~ s/^@/\\0/;
      socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($name)) or die "$!";
      print "ready\\n"; recv($s, my $text, 1000, 0); print $text;
      """;

  @TempDir Path folder;

  private static void assertTold(String address) throws Exception {
    Process receiver =
        new ProcessBuilder("perl", "-e", RECEIVER, address).redirectErrorStream(true).start();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(receiver.getInputStream(), UTF_8))) {
      assertEquals("ready", lines.readLine());
      ServiceManager.at(address).orElseThrow().tell("READY=1", "STATUS=\u00fcp");
      assertEquals(List.of("READY=1", "STATUS=\u00fcp"), lines.lines().toList());
    } finally {
      receiver.destroyForcibly();
    }
  }

  @Test
  @DisplayName("it is told at a path, and at an abstract name")
  void addresses() throws Exception {
    assertTold(folder.resolve("notify").toString());
    assertTold("@holdfast-test-" + ProcessHandle.current().pid());
  }

  @Test
  @DisplayName("who listens no more is an error, and what is no address is none")
  void nobody() {
    ServiceManager gone = ServiceManager.at(folder.resolve("none").toString()).orElseThrow();
    assertEquals("sendto", assertThrows(ErrnoException.class, () -> gone.tell("A=1")).call());
    for (String none : List.of("", "/", "@", "relative", "vsock:2:1", "/" + "x".repeat(107))) {
      assertEquals(Optional.empty(), ServiceManager.at(none), none);
    }
  }
}
