package holdfast.launcher.internal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.machine.config.options.Excerpt;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jline.terminal.Terminal;

/**
 * Turns Gogo's output about a failed command into a sentence. Gogo prints the exception with the
 * name of its class, as one line on the terminal's writer, and offers no way to change that.
 */
final class Sentences {
  private static final String INTERRUPTED =
      "(?:[\\w-]+: )?(?:java\\.lang\\.InterruptedException"
          + "|java\\.nio\\.channels\\.ClosedByInterruptException"
          + "|java\\.io\\.InterruptedIOException)(?:: .*)?";

  /** Matches whole lines, with or without colour. */
  private static final Pattern STOPPED =
      Pattern.compile("(?:\u001b\\[[0-9;]*m)*" + INTERRUPTED + "(?:\u001b\\[[0-9;]*m)*");

  private static final Pattern UNKNOWN =
      Pattern.compile(
          "org\\.apache\\.felix\\.gogo\\.runtime\\.CommandNotFoundException: Command not found: "
              + "([^\u001b]*)");

  private Sentences() {}

  /** Returns the terminal with a writer that prints sentences. */
  static Terminal on(Terminal terminal) {
    PrintWriter writer = new Lines(terminal.writer());
    return (Terminal)
        Proxy.newProxyInstance(
            Terminal.class.getClassLoader(),
            new Class<?>[] {Terminal.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("writer")) {
                return writer;
              }
              try {
                return method.invoke(terminal, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /**
   * Returns the stream for the errors of Gogo's own commands, such as that sleep was interrupted.
   */
  static OutputStream errors(OutputStream terminal) {
    return new Errors(terminal);
  }

  /**
   * Returns the line to show; empty if nothing is to be shown. An interrupted command shows
   * nothing: the user who interrupted it knows, and the command has already said what keeps
   * running.
   */
  static String of(String line) {
    if (STOPPED.matcher(line).matches()) {
      return "";
    }
    Matcher unknown = UNKNOWN.matcher(line);
    return unknown.find()
        ? unknown.replaceFirst(
            Matcher.quoteReplacement(
                "there is no command "
                    + Excerpt.of(unknown.group(1))
                    + ": help lists those there are"))
        : line;
  }

  /**
   * Filters lines. Each error line is written by one call; anything written otherwise is not such
   * an error.
   */
  private static final class Errors extends FilterOutputStream {
    Errors(OutputStream terminal) {
      super(terminal);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      String text = new String(bytes, offset, length, UTF_8);
      if (!STOPPED.matcher(text.strip()).matches()) {
        out.write(bytes, offset, length);
      }
    }
  }

  /** Filters lines. Gogo prints the failure of a command, and nothing else, as one line. */
  private static final class Lines extends PrintWriter {
    Lines(Writer terminal) {
      super(terminal);
    }

    @Override
    public void println(String line) {
      String said = of("" + line);
      if (!said.isEmpty()) {
        super.println(said);
      }
    }
  }
}
