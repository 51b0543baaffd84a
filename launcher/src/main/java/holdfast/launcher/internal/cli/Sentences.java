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
import java.util.Collection;
import java.util.function.Supplier;
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

  /**
   * Returns the terminal with a writer that prints sentences.
   *
   * @param commands the names of all commands, with their scopes
   */
  static Terminal on(Terminal terminal, Supplier<? extends Collection<String>> commands) {
    PrintWriter writer = new Lines(terminal.writer(), commands);
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
  static String of(String line, Supplier<? extends Collection<String>> commands) {
    if (STOPPED.matcher(line).matches()) {
      return "";
    }
    Matcher unknown = UNKNOWN.matcher(line);
    if (!unknown.find()) {
      return line;
    }
    String name = unknown.group(1);
    String advice =
        new MeantCommand(commands.get())
            .by(name)
            .map(near -> "did you mean " + near + "?")
            .orElse("help lists those there are");
    return unknown.replaceFirst(
        Matcher.quoteReplacement("there is no command " + Excerpt.of(name) + "; " + advice));
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
    private final Supplier<? extends Collection<String>> commands;

    Lines(Writer terminal, Supplier<? extends Collection<String>> commands) {
      super(terminal);
      this.commands = commands;
    }

    @Override
    public void println(String line) {
      String said = of("" + line, commands);
      if (!said.isEmpty()) {
        super.println(said);
      }
    }
  }
}
