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
 * What Gogo says of a command that failed, as a sentence. Gogo prints the exception with the name
 * of its class, as one line on the terminal's writer, and has no place where that can be changed.
 */
final class Sentences {
  private static final String INTERRUPTED =
      "(?:[\\w-]+: )?(?:java\\.lang\\.InterruptedException"
          + "|java\\.nio\\.channels\\.ClosedByInterruptException"
          + "|java\\.io\\.InterruptedIOException)(?:: .*)?";

  /** Whole lines, in a colour or without. */
  private static final Pattern STOPPED =
      Pattern.compile("(?:\u001b\\[[0-9;]*m)*" + INTERRUPTED + "(?:\u001b\\[[0-9;]*m)*");

  private static final Pattern UNKNOWN =
      Pattern.compile(
          "org\\.apache\\.felix\\.gogo\\.runtime\\.CommandNotFoundException: Command not found: "
              + "([^\u001b]*)");

  private Sentences() {}

  /** The terminal, with a writer that prints sentences. */
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

  /** What Gogo's own commands write errors to, such as sleep that it was interrupted. */
  static OutputStream errors(OutputStream terminal) {
    return new Errors(terminal);
  }

  /**
   * The line as it is shown: empty if nothing is, which is so of an interrupted command. Who
   * interrupted it knows, and the command has said what goes on.
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

  /** A line comes in one piece; what comes otherwise is no such error. */
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

  /** Gogo prints the failure of a command, and nothing else, as one line. */
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
