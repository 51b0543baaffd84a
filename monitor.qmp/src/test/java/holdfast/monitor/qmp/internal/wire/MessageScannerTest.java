package holdfast.monitor.qmp.internal.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.monitor.qmp.internal.wire.MessageScanner.Message;
import holdfast.monitor.qmp.internal.wire.MessageScanner.Refused;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Where messages end in a stream, however the stream is cut. */
class MessageScannerTest {
  private final List<String> found = new ArrayList<>();
  private final MessageScanner scanner =
      new MessageScanner(
          scanned ->
              found.add(
                  switch (scanned) {
                    case Message(byte[] bytes) -> new String(bytes, UTF_8);
                    case Refused(String reason) -> "refused: " + reason;
                  }));

  private void scan(String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    scanner.scan(bytes, 0, bytes.length);
  }

  @Test
  @DisplayName("a message ends with its brace: several on a line, or one on several lines")
  void ends() {
    scan("{\"a\":1}{\"b\":\r\n 2}\n  [ {} ]\n");
    assertEquals(List.of("{\"a\":1}", "{\"b\":\r\n 2}", "[ {} ]"), found);
  }

  @Test
  @DisplayName("braces and quotes within a string don't count, in either kind of quotes")
  void strings() {
    scan("{\"a\":\"}\\\"}'\"}{'b':'}\\'}\"'}");
    assertEquals(List.of("{\"a\":\"}\\\"}'\"}", "{'b':'}\\'}\"'}"), found);
  }

  @Test
  @DisplayName("what is no object or array goes as far as its line, and what follows is found")
  void garbage() {
    scan("nonsense {\n}]\n{\"a\":1}");
    assertEquals(List.of("nonsense {", "}]", "{\"a\":1}"), found);
  }

  @Test
  @DisplayName("a string with a line break in it ends there, so that the next line is found")
  void openString() {
    scan("{\"a\":\"no end\n{\"b\":1}");
    assertEquals(List.of("{\"a\":\"no end", "{\"b\":1}"), found);
  }

  @Test
  @DisplayName("0xFF drops what is unfinished")
  void reset() {
    scan("{\"a\": [[[\u00ff{\"b\":1}");
    assertEquals(List.of("{\"b\":1}"), found);
  }

  @Test
  @DisplayName("what is too deep or too long is refused once, at the limit, and skipped")
  void limits() {
    scan("[".repeat(1_000_000) + "\n{\"a\":1}");
    scan("{\"long\":\"" + "x".repeat(3 << 20) + "\"}\n{\"b\":1}");
    assertEquals(
        List.of(
            "refused: it is nested more than 32 deep",
            "{\"a\":1}",
            "refused: it has more than 1048576 bytes",
            "{\"b\":1}"),
        found);
  }

  @Test
  @DisplayName("the same messages are found however the stream is cut, and random bytes do no harm")
  void anyPieces() {
    Random random = new Random(5);
    String text = "{\"a\":\"\\\\\"} nonsense\n[1,[2]]\n{'c':{'d':'}'}}\n";
    scan(text);
    List<String> whole = List.copyOf(found);
    found.clear();
    byte[] bytes = text.getBytes(ISO_8859_1);
    for (int at = 0; at < bytes.length; ) {
      int length = Math.min(1 + random.nextInt(3), bytes.length - at);
      scanner.scan(bytes, at, length);
      at += length;
    }
    assertEquals(whole, found);

    byte[] noise = new byte[1 << 16];
    for (int round = 0; round < 50; round++) {
      random.nextBytes(noise);
      scanner.scan(noise, 0, noise.length);
    }
    found.clear();
    scan("\u00ff{\"a\":1}");
    assertEquals(List.of("{\"a\":1}"), found);
  }
}
