package holdfast.ctl;

import holdfast.machine.config.options.Excerpt;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToIntBiFunction;

/**
 * The command {@code ctl SOCKET [COMMAND …]}: one command for a machine that runs, or a shell for
 * it.
 *
 * <p>Its arguments are those of the command, and what tells the product's version; its result is
 * the exit status.
 */
public final class Ctl implements ToIntBiFunction<List<String>, Supplier<String>> {
  private static final int FAILED = 1;
  private static final int INTERRUPTED = 130;

  private static final String USAGE =
      """
      usage: holdfast ctl SOCKET COMMAND [ARGUMENT...] [-json]
             holdfast ctl SOCKET

      Runs a command in the machine whose -qmp unix:SOCKET this is: a command of its shell, with
      or without ram: before it, or quit. Without a command there is a shell on a terminal;
      elsewhere the lines of standard input are commands, as far as the first that fails.

        -json   the answer of the monitor as one line of JSON

      ctl SOCKET help lists the commands, ctl SOCKET help COMMAND explains one. A relative path
      in a command begins where the machine was started. The exit status is 0 if the command is
      done, 1 if it is not, and 130 after Ctrl-C, which ends the waiting and nothing else.
      """;

  /** Creates it, for {@link java.util.ServiceLoader}. */
  public Ctl() {}

  @Override
  public int applyAsInt(List<String> arguments, Supplier<String> version) {
    try {
      return run(arguments.subList(Math.min(1, arguments.size()), arguments.size()));
    } catch (CtlException e) {
      fail(e);
      return FAILED;
    } catch (InterruptedException e) {
      return INTERRUPTED;
    }
  }

  private static void fail(CtlException failure) {
    System.err.println("holdfast: " + failure.getMessage());
  }

  private int run(List<String> given) throws CtlException, InterruptedException {
    List<String> arguments = new ArrayList<>(given);
    if (!arguments.isEmpty() && arguments.getFirst().equals(Operator.JSON)) {
      arguments.add(arguments.removeFirst()); // it belongs to the command, wherever it is
    }
    if (arguments.isEmpty() || arguments.equals(List.of(Operator.JSON))) {
      throw CtlException.unreachable(
          "the socket is missing: write holdfast ctl SOCKET COMMAND; holdfast ctl -help explains");
    }
    if (arguments.getFirst().matches("-h|--?help")) {
      System.out.print(USAGE);
      System.out.flush();
      return 0;
    }
    Place place = Place.of(arguments.getFirst());
    List<String> words = arguments.subList(1, arguments.size());
    try (Connection connection = Connection.open(place, Connection.GREETING_LIMIT)) {
      String ctl =
          Quoted.word(System.getProperty("holdfast.command", "./holdfast"))
              + " ctl "
              + Quoted.word(arguments.getFirst());
      Charset charset = System.out.charset();
      Screen screen = new Screen(new PrintWriter(System.out, false, charset), Screen.isTerminal(1));
      Operator operator = new Operator(connection, screen, ctl);
      if (words.isEmpty() && Screen.isTerminal(0) && Screen.isTerminal(1)) {
        return CtlShell.run(connection, place, ctl);
      }
      Thread hook = new Thread(() -> interrupted(operator, screen), "holdfast-ctl-end");
      Runtime.getRuntime().addShutdownHook(hook);
      if (words.isEmpty()) {
        lines(operator);
      } else {
        operator.run(words);
      }
      return 0;
    }
  }

  /** Called at the end of the process; says what goes on if it was ended while it waited. */
  private static void interrupted(Operator operator, Screen screen) {
    String goesOn = operator.awaited();
    if (!goesOn.isEmpty()) {
      screen.leaveProgress();
      System.err.println("holdfast: " + Excerpt.onOneLine(goesOn));
    }
  }

  private static void lines(Operator operator) throws CtlException, InterruptedException {
    try {
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        List<String> words = CtlShell.words(line);
        if (!words.isEmpty()) {
          operator.run(words);
        }
      }
    } catch (IOException e) {
      throw CtlException.unreachable("standard input can't be read: " + e.getMessage());
    }
  }
}
