package holdfast.ctl;

import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.SyntaxError;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * A shell for a machine that runs. Ctrl-C clears the line, or ends the waiting for a command;
 * Ctrl-D leaves the shell; the machine goes on in any case.
 */
final class CtlShell {
  /** Referenced here because a logger without a strong reference loses its level. */
  private static final Logger JLINE = Logger.getLogger("org.jline");

  private static final String PROMPT = "ctl> ";

  private final Connection connection;
  private final Terminal terminal;
  private final Operator operator;
  private final LineReader reader;

  private CtlShell(Connection connection, Terminal terminal, String ctl) {
    this.connection = connection;
    this.terminal = terminal;
    this.operator = new Operator(connection, new Screen(terminal.writer(), true), ctl);
    LineReaderBuilder builder =
        LineReaderBuilder.builder()
            .appName("holdfast")
            .terminal(terminal)
            .completer(new Completion(connection))
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
    Path home = Path.of(System.getProperty("user.home", ""));
    if (home.isAbsolute() && Files.isDirectory(home)) { // Java says "?" of a user without one
      builder.variable(LineReader.HISTORY_FILE, home.resolve(".holdfast.history"));
    }
    this.reader = builder.build();
  }

  /** Serves the operator until that one leaves, or the machine ends; returns the exit status. */
  static int run(Connection connection, Place place, String ctl)
      throws CtlException, InterruptedException {
    JLINE.setLevel(Level.OFF); // it would log a trace if the history can't be written
    try (Terminal terminal =
        TerminalBuilder.builder()
            .name("holdfast ctl")
            .system(true)
            .nativeSignals(true)
            .signalHandler(Terminal.SignalHandler.SIG_IGN)
            .build()) {
      return new CtlShell(connection, terminal, ctl).serve(place);
    } catch (IOException e) {
      throw CtlException.unreachable("the terminal can't be used: " + e.getMessage());
    }
  }

  /** Returns the words of a line, with quotes as in a shell. */
  static List<String> words(String line) throws CtlException {
    try {
      return new DefaultParser()
          .parse(line, line.length()).words().stream().filter(word -> !word.isEmpty()).toList();
    } catch (EOFError e) {
      throw CtlException.refused("a quote is not closed");
    } catch (SyntaxError e) {
      throw CtlException.refused("" + e.getMessage());
    }
  }

  private int serve(Place place) throws CtlException, InterruptedException {
    say(
        connection.product()
            + " at "
            + place
            + "; help lists the commands, quit ends the machine, Ctrl-D leaves it running");
    operator.run(List.of("status"));
    while (true) {
      try {
        List<String> words = words(reader.readLine(PROMPT));
        if (words.equals(List.of("exit"))) {
          return 0;
        }
        if (words.equals(List.of(Operator.QUIT))) {
          if (isWanted()) {
            await(words);
            return 0;
          }
        } else if (!words.isEmpty()) {
          await(words);
        }
      } catch (UserInterruptException e) {
        // the line is cleared
      } catch (EndOfFileException e) {
        return 0;
      } catch (CtlException e) {
        if (e.isFatal()) {
          throw e;
        }
        say("holdfast: " + e.getMessage());
      }
    }
  }

  private boolean isWanted() {
    return reader.readLine("End the machine? y: yes, anything else: no ").strip().equals("y");
  }

  private void await(List<String> words) throws CtlException {
    Thread own = Thread.currentThread();
    Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, signal -> own.interrupt());
    try {
      operator.run(words);
    } catch (InterruptedException e) {
      say(operator.awaited());
    } finally {
      terminal.handle(Terminal.Signal.INT, before);
      Thread.interrupted(); // a second Ctrl-C
    }
  }

  private void say(String sentence) {
    terminal.writer().println(Excerpt.onOneLine(sentence));
    terminal.writer().flush();
  }

  /** Asks the machine for what helps who types; nothing if it doesn't know. */
  static Map<?, ?> ask(Connection connection, String command, Map<String, ?> arguments) {
    try {
      return connection.run(command, arguments) instanceof Map<?, ?> answer ? answer : Map.of();
    } catch (CtlException e) {
      return Map.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Map.of();
    }
  }
}
