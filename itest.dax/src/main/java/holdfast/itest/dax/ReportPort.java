package holdfast.itest.dax;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The way out of a guest whose power is about to be cut: a port of virtio-serial. The kernel's
 * driver lets a write return when the host has taken it, so a line is safe when {@link #line}
 * returns.
 *
 * <p>Thread-safe.
 */
final class ReportPort implements AutoCloseable {
  private final OutputStream port;

  ReportPort(Path device) throws IOException {
    port = Files.newOutputStream(device, StandardOpenOption.WRITE);
  }

  /** Reports a line of fields, which are separated by tabs. */
  synchronized void line(Object... fields) {
    StringBuilder line = new StringBuilder();
    for (Object field : fields) {
      line.append(line.isEmpty() ? "" : "\t").append(field);
    }
    try {
      port.write(line.append('\n').toString().getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    port.close();
  }
}
