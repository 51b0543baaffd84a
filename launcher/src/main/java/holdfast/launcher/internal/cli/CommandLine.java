package holdfast.launcher.internal.cli;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.Keyval;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.OptionResult;
import holdfast.machine.config.options.Options;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.QemuOpts;
import holdfast.machine.config.options.TypedOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the arguments ask for. */
public sealed interface CommandLine {

  /** To print a text and end. */
  record Print(String text) implements CommandLine {}

  /** To show the product at work. */
  record Demo() implements CommandLine {}

  /** To bring up a machine. */
  record Start(MachineRequest machine, After after) implements CommandLine {}

  /** What to do with a machine that is up. */
  enum After {
    /** Keep it until the process is told to end, with a shell if there is a terminal. */
    SERVE,
    /** Report in text and end. */
    PROBE_TEXT,
    /** Report in JSON and end. */
    PROBE_JSON
  }

  /**
   * Reads the arguments of the command.
   *
   * @throws OptionException with the sentence for the operator, about one option's value
   * @throws CommandException with the sentence for the operator, about the arguments
   */
  static CommandLine parse(List<String> arguments) throws OptionException, CommandException {
    return new Parser(arguments).parse();
  }

  /** One pass over the arguments. */
  final class Parser {
    private static final Options NONE = new Options(List.of(), false);

    private final List<String> arguments;
    private int next;
    private Options machine = NONE;
    private Options memory = NONE;
    private After after = After.SERVE;
    private final List<ParsedObject> objects = new ArrayList<>();
    private final List<ParsedObject> devices = new ArrayList<>();

    Parser(List<String> arguments) {
      this.arguments = arguments;
    }

    CommandLine parse() throws OptionException, CommandException {
      if (arguments.equals(List.of("demo"))) {
        return new Demo();
      }
      if (arguments.isEmpty()) {
        return new Print(Usage.text());
      }
      while (next < arguments.size()) {
        String argument = arguments.get(next++);
        CommandLine done = take(argument);
        if (done != null) {
          return done;
        }
      }
      return new Start(request(), after);
    }

    /** Reads one option; what it asks for alone, or null if it is part of a machine. */
    private @Nullable CommandLine take(String argument) throws OptionException, CommandException {
      String option = argument.startsWith("--") ? argument.substring(1) : argument;
      switch (option) {
        case "-h", "-help" -> {
          return new Print(Usage.text());
        }
        case "-version" -> {
          return new Print(Usage.version());
        }
        case "-machine", "-M" -> {
          Options given = Keyval.parse("-machine", value(option), "type");
          machine = Keyval.merge("-machine", machine, given);
          return help(given, MachineDefinition.MACHINE.help());
        }
        case "-m" -> {
          Options given = QemuOpts.parse(value(option), "size");
          memory = memory.followedBy(given);
          return help(given, MachineDefinition.MEMORY.help());
        }
        case "-object" -> {
          return typed(BackendDefinitions.OPTION, value(option), objects);
        }
        case "-device" -> {
          return typed(DeviceDefinitions.OPTION, value(option), devices);
        }
        case "-probe" -> after = probe();
        case "demo" ->
            throw new CommandException(
                "demo stands alone: write nothing else beside it, or leave it out");
        default ->
            throw new CommandException(
                "there is no option "
                    + Excerpt.of(argument)
                    + ": the options are -machine, -m, -object, -device, -probe, -help and"
                    + " -version, or the command demo");
      }
      return null;
    }

    private static @Nullable CommandLine help(Options given, HelpText text) {
      return given.helpRequested() ? new Print(text.text()) : null;
    }

    private static @Nullable CommandLine typed(
        TypedOption option, String text, List<ParsedObject> into) throws OptionException {
      OptionResult result = option.parse(text);
      switch (result) {
        case HelpText help -> {
          return new Print(help.text());
        }
        case ParsedObject object -> into.add(object);
      }
      return null;
    }

    private String value(String option) throws CommandException {
      if (next == arguments.size()) {
        throw new CommandException(
            option + " needs a value: write it behind the option, or see " + option + " help");
      }
      return arguments.get(next++);
    }

    private After probe() throws CommandException {
      if (next == arguments.size() || arguments.get(next).startsWith("-")) {
        return After.PROBE_TEXT;
      }
      String format = arguments.get(next++);
      return switch (format) {
        case "text" -> After.PROBE_TEXT;
        case "json" -> After.PROBE_JSON;
        default ->
            throw new CommandException(
                "-probe: "
                    + Excerpt.of(format)
                    + " is not a format: write text or json, or nothing for text");
      };
    }

    private MachineRequest request() throws OptionException, CommandException {
      requireDistinctIds("-object", objects);
      requireDistinctIds("-device", devices);
      return new MachineRequest(
          MachineDefinition.MACHINE.check("-machine", machine),
          MachineDefinition.MEMORY.check("-m", memory),
          objects,
          devices);
    }

    private static void requireDistinctIds(String option, List<ParsedObject> parsed)
        throws CommandException {
      Set<String> seen = new HashSet<>();
      for (ParsedObject object : parsed) {
        String id = object.id().orElse("");
        if (!id.isEmpty() && !seen.add(id)) {
          throw new CommandException(
              option
                  + " "
                  + object.typeName()
                  + ": the id "
                  + id
                  + " is taken: give each an id of its own");
        }
      }
    }
  }
}
