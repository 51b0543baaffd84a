package holdfast.monitor.shell.command;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.api.RunningSwap;
import holdfast.monitor.shell.internal.CommandFailure;
import holdfast.monitor.shell.internal.Completions;
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
   * What can stand behind the beginning of a word that somebody types.
   *
   * @param from how many characters of that beginning are kept
   * @param whole what can follow them, with a blank behind it
   * @param begun what can follow them, and goes on
   * @param path whether the path of a file or a folder can follow them
   */
  public record Offer(int from, List<String> whole, List<String> begun, boolean path) {
    public Offer {
      whole = List.copyOf(whole);
      begun = List.copyOf(begun);
    }
  }

  /**
   * Returns what can stand where somebody types. Nothing is offered where nothing is known, or the
   * machine is not up.
   *
   * @param words the words before that place, with the command's name, and what is there of the
   *     word that it is in, which may be empty; what is offered need not begin with that
   */
  public Offer complete(List<String> words) {
    Completions.Offer offer = commands.complete(words);
    return new Offer(offer.from(), offer.whole(), offer.begun(), offer.path());
  }

  /** Returns the command that QEMU's operators have another word for, if this is one. */
  public static Optional<String> meant(String word) {
    return RamCommandTable.meant(word);
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
