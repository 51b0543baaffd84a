package holdfast.launcher.internal.cli;

import holdfast.monitor.shell.command.CommandRefusedException;
import holdfast.monitor.shell.command.OperatorCommands;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;

/**
 * The shell's {@code help}: the machine's commands first, and where the framework's are explained.
 */
final class ShellHelp implements Function {
  private static final String NAME = "help";
  private static final String SCOPE = "ram:";

  /** The framework's own, which knows every command. */
  private static final String ALL = "felix:help";

  private final Supplier<Optional<OperatorCommands>> commands;

  private ShellHelp(Supplier<Optional<OperatorCommands>> commands) {
    this.commands = commands;
  }

  /**
   * Serves a session: what a variable holds there goes before a command of the same name.
   *
   * @param commands the commands of the machine; empty while it has none
   */
  static void in(CommandSession session, Supplier<Optional<OperatorCommands>> commands) {
    session.put(NAME, new ShellHelp(commands));
  }

  @Override
  public Object execute(CommandSession session, List<Object> arguments) throws Exception {
    Optional<OperatorCommands> known = commands.get();
    if (known.isPresent() && arguments.isEmpty()) {
      return told(known.get(), List.of(NAME))
          + ALL
          + " lists the framework's commands, such as lb, start and stop\n";
    }
    if (known.isPresent() && arguments.size() == 1 && isOurs(known.get(), "" + arguments.get(0))) {
      return told(known.get(), List.of(NAME, "" + arguments.get(0)));
    }
    return ((Function) session.get(ALL)).execute(session, arguments);
  }

  private static boolean isOurs(OperatorCommands known, String name) {
    return known.all().stream()
        .anyMatch(one -> name.equals(one.name()) || name.equals(SCOPE + one.name()));
  }

  private static String told(OperatorCommands known, List<String> words)
      throws CommandRefusedException, InterruptedException {
    return known.run(words).text();
  }
}
