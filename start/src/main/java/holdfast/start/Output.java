package holdfast.start;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Standard output that remembers write errors. Java's own ignores them, and a report cut short by a
 * full disk would pass for a complete one.
 */
final class Output {
  private final Watched watched;
  private final PrintStream stream;

  Output(OutputStream to, Charset charset) {
    watched = new Watched(to);
    // flushed at the end of each line, for readers who follow it
    stream = new PrintStream(new BufferedOutputStream(watched), true, charset);
  }

  /** Replaces {@link System#out}. */
  static Output replaceStandard() {
    Output output = new Output(new FileOutputStream(FileDescriptor.out), System.out.charset());
    System.setOut(output.stream);
    return output;
  }

  /** Returns the stream to print to. */
  PrintStream stream() {
    return stream;
  }

  /**
   * Flushes the stream.
   *
   * @return the first error in writing any of the output; null if there was none
   */
  @Nullable IOException finish() {
    stream.flush();
    return watched.error;
  }

  /**
   * Returns whether standard output is a pipe. If a pipe can't be written to, it no longer has a
   * reader, as after {@code | head -1}, and the user need not be told.
   */
  static boolean isPipe() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
    } catch (IOException e) {
      return false;
    }
  }

  /** Remembers the first error. */
  private static final class Watched extends FilterOutputStream {
    private volatile @Nullable IOException error;

    Watched(OutputStream to) {
      super(to);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        if (error == null) {
          error = e;
        }
        throw e;
      }
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }
  }
}
