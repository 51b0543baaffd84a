package holdfast.launcher.internal.cli;

import holdfast.backend.api.HoldfastException;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.launcher.internal.machine.MachineState;
import holdfast.launcher.internal.machine.Opening;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.Inheritance;
import holdfast.machine.core.Machine;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToIntBiFunction;

/**
 * The command with {@code -probe}, without a framework: nothing of it outlives the answer, and to
 * start one would take longer than all else. What it prints and its exit status are those of {@link
 * HoldfastCommand}, since what decides them is the same: the configurations that the command line
 * becomes, how a machine is opened from them, and the report.
 *
 * <p>Its arguments are those of the command, and what tells the product's version; its result is
 * the exit status.
 */
public final class Probe implements ToIntBiFunction<List<String>, Supplier<String>> {
  /** How long the end of the process waits for the machine to be closed. */
  private static final Duration END_LIMIT = Duration.ofSeconds(30);

  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean ending;

  /** Creates it, for {@link ServiceLoader}. */
  public Probe() {}

  @Override
  public int applyAsInt(List<String> arguments, Supplier<String> version) {
    try {
      run(arguments, version, System.out);
      return 0;
    } catch (HoldfastException e) {
      if (!ending) {
        // a path may be part of it, and a path can contain any character
        System.err.println("holdfast: " + Excerpt.onOneLine(e.getMessage()));
      }
      return 1;
    }
  }

  private void run(List<String> arguments, Supplier<String> version, PrintStream out)
      throws HoldfastException {
    switch (CommandLine.parse(arguments)) {
      case CommandLine.Print(String text) -> out.print(text);
      case CommandLine.Version() -> out.println("holdfast " + version.get());
      case CommandLine.Start(
              MachineRequest request,
              var pidFile,
              var daemonize,
              CommandLine.After after) ->
          probe(request, after, out);
    }
    out.flush();
  }

  private void probe(MachineRequest request, CommandLine.After after, PrintStream out)
      throws CommandException {
    if (after == CommandLine.After.SERVE) {
      throw new CommandException("only -probe is answered without a framework");
    }
    Candidates candidates = new Candidates();
    ServiceLoader.load(RamBlockAllocator.class, Probe.class.getClassLoader())
        .forEach(candidates::add);
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(this::end, "holdfast-end"));
    } catch (IllegalStateException e) {
      ending = true; // it is being ended by now
      throw new CommandException("the machine was ended");
    }
    try {
      Machine machine =
          MachineStart.up(
              new Opening(candidates, Probe::opensByItself)
                  .open(request.wishes(), this::unlessEnding));
      try {
        Report.print(machine, after, out);
        out.flush();
      } finally {
        machine.close();
      }
    } finally {
      closed.countDown();
    }
  }

  /** What another machine has can't be asked for: only one that is to go on takes it over. */
  private static Inheritance opensByItself(MachineSpec spec, Consumer<String> told) {
    return Inheritance.NONE;
  }

  private MachineState unlessEnding(Machine machine) {
    if (ending) {
      machine.discard();
      return new MachineState.Ended();
    }
    return new MachineState.Up(machine);
  }

  /** Lets a machine that is being opened be closed again before the process ends. */
  private void end() {
    ending = true;
    try {
      if (!closed.await(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        System.err.println(
            "holdfast: the machine did not end within " + END_LIMIT.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
