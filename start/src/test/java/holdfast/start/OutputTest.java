package holdfast.start;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Standard output that remembers what could not be written. */
class OutputTest {
  @Test
  void whatIsPrintedComesOut() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Output output = new Output(bytes, UTF_8);
    output.stream().print("möglich");

    assertNull(output.finish());
    assertEquals("möglich", bytes.toString(UTF_8));
  }

  @Test
  @DisplayName("the first error is remembered, though later writes go well")
  void errors() {
    IOException full = new IOException("No space left on device");
    Output output =
        new Output(
            new OutputStream() {
              private int count;

              @Override
              public void write(int one) throws IOException {
                throw new AssertionError();
              }

              @Override
              public void write(byte[] bytes, int offset, int length) throws IOException {
                if (count++ == 0) {
                  throw full;
                }
              }
            },
            UTF_8);
    output.stream().println("first");
    output.stream().println("second");

    assertEquals(full, output.finish());
  }
}
