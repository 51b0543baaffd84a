package holdfast.launcher.internal.cli;

import holdfast.backend.api.HoldfastException;
import holdfast.launcher.internal.libvirt.LibvirtImport;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.config.MetricsDefinition;
import holdfast.machine.config.MonitorOptions;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.monitor.shell.report.OptionsReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The request that the arguments make. */
public sealed interface CommandLine {
  /** The system property by which who starts Java says that it runs in the background. */
  String DAEMONIZE = "holdfast.daemonize";

  /** Prints a text and ends. */
  record Print(String text) implements CommandLine {}

  /** Prints the product's version and ends. */
  record Version() implements CommandLine {}

  /**
   * Brings up a machine.
   *
   * @param pidFile where the number of the process is written as long as it serves
   * @param daemonize whether somebody waits at standard output for it to be up
   */
  record Start(MachineRequest machine, Optional<String> pidFile, boolean daemonize, After after)
      implements CommandLine {}

  /** What to do with a machine that is up. */
  enum After {
    /** Keep it until the process is asked to end, with a shell if there is a terminal. */
    SERVE,
    /** Report in text and end. */
    PROBE_TEXT,
    /** Report in JSON and end. */
    PROBE_JSON
  }

  /**
   * Reads the arguments of the command.
   *
   * @throws HoldfastException with the sentence for the operator: an {@link OptionException} about
   *     one option's value, a {@link CommandException} about the arguments, or one about a file
   */
  static CommandLine parse(List<String> arguments) throws HoldfastException {
    return new Parser(arguments).parse();
  }

  /** One pass over the arguments. */
  final class Parser {
    private final List<String> arguments;
    private int next;
    private final MachineOptions machine = new MachineOptions();
    private final MonitorOptions monitors = new MonitorOptions();
    private final List<ParsedObject> metrics = new ArrayList<>();
    private Optional<String> pidFile = Optional.empty();
    private boolean daemonize;
    private After after = After.SERVE;

    Parser(List<String> arguments) {
      this.arguments = arguments;
    }

    CommandLine parse() throws HoldfastException {
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
      return new Start(request(), pidFile, daemonize, after);
    }

    /**
     * Reads one option; returns the request that it makes alone, or null if it is part of a
     * machine.
     */
    private @Nullable CommandLine take(String argument) throws HoldfastException {
      String option = argument.startsWith("--") ? argument.substring(1) : argument;
      if (MachineOptions.isOne(argument)) {
        return machine
            .read(argument, value(option))
            .map(help -> new Print(help.text()))
            .orElse(null);
      }
      if (MonitorOptions.isOne(option)) {
        monitors.read(option, value(option));
        return null;
      }
      switch (option) {
        case "-h", "-help" -> {
          return new Print(Usage.text());
        }
        case "-version" -> {
          return new Version();
        }
        case "-metrics" -> {
          switch (MetricsDefinition.parse(value(option))) {
            case HelpText help -> {
              return new Print(help.text());
            }
            case ParsedObject wanted -> {
              if (metrics.stream().anyMatch(one -> one.type().equals(wanted.type()))) {
                throw new CommandException(
                    "-metrics " + wanted.typeName() + " is there twice: write it once");
              }
              metrics.add(wanted);
            }
          }
        }
        case "-import-libvirt" -> {
          return new Print(OptionsReport.text(LibvirtImport.options(value(option))));
        }
        case "-pidfile" -> pidFile = Optional.of(value(option));
        case "-daemonize" -> daemonize = true;
        case "-probe" -> after = probe();
        default ->
            throw new CommandException(
                "there is no option "
                    + Excerpt.of(argument)
                    + ": the options are -machine, -m, -numa, -object, -device, -incoming, -qmp,"
                    + " -chardev, -mon, -metrics, -pidfile, -daemonize, -probe, -import-libvirt,"
                    + " -bundles, -help and -version");
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
      MachineRequest request =
          new MachineRequest(
              machine.machine(),
              machine.memory(),
              machine.objects(),
              machine.devices(),
              monitors.monitors(),
              metrics);
      if (daemonize) {
        requireDaemon(request);
      }
      return request;
    }

    private void requireDaemon(MachineRequest request) throws CommandException {
      if (after != After.SERVE) {
        throw new CommandException("-daemonize: with -probe nothing stays; leave one of them out");
      }
      if (request.takesStdio()) {
        throw new CommandException(
            "-daemonize: a machine in the background has no standard input; give its monitor a"
                + " socket");
      }
      if (!Boolean.getBoolean(DAEMONIZE)) {
        throw new CommandException(
            "-daemonize: only ./holdfast puts a machine into the background; start Java there"
                + " yourself, or leave it out");
      }
    }
  }
}
