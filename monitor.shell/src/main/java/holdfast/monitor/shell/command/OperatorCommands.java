package holdfast.monitor.shell.command;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.api.RunningSwap;
import holdfast.monitor.shell.internal.CommandFailure;
import holdfast.monitor.shell.internal.RamCommandTable;
import holdfast.monitor.shell.internal.WordsInQmp;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs the {@code ram:} commands of a machine, given as words. */
public final class OperatorCommands {
  private final RamCommandTable commands;

  /**
   * @param admin the machine
   */
  public OperatorCommands(MachineAdmin admin) {
    this.commands = new RamCommandTable(admin);
  }

  /**
   * What a command answers.
   *
   * @param text for a terminal, with escapes for what a terminal would obey
   * @param swap the swap that the command has started, and whose end the shell would wait for;
   *     empty if it has started none
   * @param migration the migration that the command has started, as it began, and whose end the
   *     shell would wait for; empty if it has started none
   */
  public record Answer(
      String text, Optional<RunningSwap> swap, Optional<MigrationStatus> migration) {}

  /** What a command has started, whose end the shell would wait for. */
  public enum Awaited {
    /** Nothing: it is done when it is answered. */
    NOTHING,
    /** A swap. */
    SWAP,
    /** A migration. */
    MIGRATION
  }

  /**
   * What a command is in QMP's words.
   *
   * @param command the name of QMP's command
   * @param arguments what it takes
   * @param awaited what it starts
   */
  public record Call(String command, Map<String, Object> arguments, Awaited awaited) {
    public Call {
      arguments = Map.copyOf(arguments);
    }
  }

  /** The names of a command and of what it takes, for somebody who types. */
  public record Description(String name, String purpose, String arguments) {}

  /** Returns what commands there are. */
  public List<Description> all() {
    return commands.names().stream()
        .map(name -> new Description(name, commands.purpose(name), commands.arguments(name)))
        .toList();
  }

  /**
   * Runs a command. It does not wait for the end of a swap or a migration that it starts.
   *
   * @param words its name, with or without {@code ram:}, and its arguments
   * @throws CommandRefusedException if it isn't done
   */
  public Answer run(List<String> words) throws CommandRefusedException, InterruptedException {
    try {
      RamCommandTable.Said said = commands.run(words);
      return new Answer(said.text(), said.swap(), said.migration());
    } catch (CommandFailure e) {
      throw new CommandRefusedException(e);
    }
  }

  /**
   * Returns what a command is in QMP's words, for somebody who wants its answer as JSON.
   *
   * @throws CommandRefusedException if its words are wrong
   */
  public Call call(List<String> words) throws CommandRefusedException {
    try {
      WordsInQmp.Said said = WordsInQmp.of(commands.checked(words));
      return new Call(
          said.command(),
          said.arguments(),
          switch (said.command()) {
            case WordsInQmp.SWAP -> said.awaited() ? Awaited.SWAP : Awaited.NOTHING;
            case WordsInQmp.MIGRATE -> said.awaited() ? Awaited.MIGRATION : Awaited.NOTHING;
            default -> Awaited.NOTHING;
          });
    } catch (CommandFailure e) {
      throw new CommandRefusedException(e);
    }
  }
}
