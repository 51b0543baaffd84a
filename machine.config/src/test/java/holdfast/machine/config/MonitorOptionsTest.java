package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where monitors listen, in the forms in which people's scripts ask QEMU for it. */
class MonitorOptionsTest {
  private static List<String> places(String... options) throws OptionException {
    MonitorOptions read = new MonitorOptions();
    for (int at = 0; at < options.length; at += 2) {
      assertTrue(MonitorOptions.isOne(options[at]));
      read.read(options[at], options[at + 1]);
    }
    List<String> places = new ArrayList<>();
    for (ParsedObject monitor : read.monitors()) {
      places.add(QmpDefinition.address(monitor).toString());
    }
    return places;
  }

  private static void assertRefused(String part, String... options) {
    String sentence =
        assertThrows(OptionException.class, () -> places(options), String.join(" ", options))
            .getMessage();
    assertTrue(sentence.contains(part), sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          unix:/run/q,server=on,wait=off       | unix:/run/q
          unix:/run/q,server,nowait            | unix:/run/q
          unix:/a,,b/q,server=on               | unix:/a,b/q
          unix:rel/q,wait=off,server=on        | unix:rel/q
          tcp:127.0.0.1:4444,server,nowait     | tcp:127.0.0.1:4444
          tcp:localhost:4444,server=on         | tcp:127.0.0.1:4444
          tcp:[::1]:4444,server=on,wait=off    | tcp:[::1]:4444
          stdio                                | stdio
          """)
  @DisplayName("-qmp in its forms")
  void qmp(String value, String place) throws OptionException {
    assertEquals(List.of(place), places("-qmp", value));
    assertEquals(List.of(place), places("--qmp", value));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          unix:/run/q,server=on,wait=on  | true
          unix:/run/q,server,wait        | true
          unix:/run/q,server=on,wait=off | false
          unix:/run/q,server=on          | false
          stdio                          | false
          """)
  @DisplayName("the machine waits for a client if it is asked to")
  void waits(String value, boolean waits) throws OptionException {
    MonitorOptions options = new MonitorOptions();
    options.read("-qmp", value);

    assertEquals(waits, QmpDefinition.waits(options.monitors().getFirst()));
  }

  @Test
  @DisplayName("-chardev and -mon, in either order, and several of them")
  void chardev() throws OptionException {
    assertEquals(
        List.of("unix:/run/q", "unix:/run/r"),
        places(
            "-mon", "chardev=c,mode=control",
            "-chardev", "socket,id=c,path=/run/q,server=on,wait=off",
            "-qmp", "unix:/run/r,server=on,wait=off"));
    assertEquals(
        List.of("tcp:127.0.0.1:5555"),
        places(
            "-chardev", "socket,id=c,host=127.0.0.1,port=5555,server=on,wait=off",
            "-mon", "c,mode=control"));
    assertEquals(
        List.of("stdio"), places("-chardev", "stdio,id=s", "-mon", "chardev=s,mode=control"));
  }

  @Test
  @DisplayName("what isn't there, or would let others in, is refused with what to write")
  void refusals() {
    assertRefused("add server=on,wait=off", "-qmp", "unix:/run/q");
    assertRefused("wait", "-qmp", "unix:/run/q,server=on,wait=perhaps");
    assertRefused(
        "two monitors can't be at one place",
        "-qmp",
        "unix:/run/q,server=on,wait=on",
        "-qmp",
        "unix:/run/q,server=on,wait=off");
    assertRefused("is no loopback address", "-qmp", "tcp:0.0.0.0:4444,server=on");
    assertRefused("is no loopback address", "-qmp", "tcp:example.org:4444,server=on");
    assertRefused("host='' is empty", "-qmp", "tcp::4444,server=on");
    assertRefused("write tcp:127.0.0.1:PORT", "-qmp", "tcp:4444,server=on");
    assertRefused("port", "-qmp", "tcp:127.0.0.1:99999,server=on");
    assertRefused("write unix:PATH", "-qmp", "vc");
    assertRefused("there is no property tls-creds", "-qmp", "unix:/run/q,server=on,tls-creds=t");
    assertRefused("use -qmp", "-qmp-pretty", "unix:/run/q,server=on,wait=off");
    assertRefused("there is no -chardev with id=c", "-mon", "chardev=c,mode=control");
    assertRefused("nothing uses it", "-chardev", "socket,id=c,path=/run/q,server=on,wait=off");
    assertRefused("write mode=control", "-chardev", "stdio,id=c", "-mon", "chardev=c");
    assertRefused("there are socket and stdio", "-chardev", "pty,id=c");
    assertRefused("add id=NAME", "-chardev", "stdio");
    assertRefused("is taken", "-chardev", "stdio,id=c", "-chardev", "stdio,id=c");
    assertRefused("two monitors can't be at one place", "-qmp", "stdio", "-qmp", "stdio");
    assertRefused(
        "another monitor uses it",
        "-chardev",
        "stdio,id=c",
        "-mon",
        "c,mode=control",
        "-mon",
        "c,mode=control");
    assertRefused("is no loopback address", "-qmp", "tcp:127.999.1.1:4444,server=on");
    assertRefused("needs one place", "-chardev", "socket,id=c,server=on,wait=off");
  }
}
