package holdfast.monitor.shell.internal;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.SwapWords;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.OptionValue;
import holdfast.machine.config.options.Options;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.QemuOpts;
import holdfast.monitor.shell.report.Screen;
import holdfast.monitor.shell.report.SwapScreen;
import java.io.PrintStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The commands {@code ram:swap} and {@code ram:swaps}. */
@Component(
    service = SwapCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=swap",
      "osgi.command.function=swaps"
    })
public final class SwapCommands {
  private static final Duration SHOW_EVERY = Duration.ofMillis(500);

  /** The option that rolls back. */
  static final String CANCEL = "-cancel";

  private static final String TYPE = "qom-type";

  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public SwapCommands(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  /** Runs {@code ram:swap ID PROPERTIES}. */
  @Descriptor(
      "moves the bytes of a memory backend to another backing while the guest runs; waits for the"
          + " end and shows how far it is")
  public String swap(
      CommandSession session,
      @Descriptor(
              """
              ID PROPERTIES [OPTIONS] or ID -cancel
                  ID                    the id of the memory backend
                  PROPERTIES            those that change, as for -object, such as
                                        mem-path=/b/nv.img,share=on
                  -plan                 only shows what would change, and whether it can work
                  -background           starts it and doesn't wait; ram:swaps shows how far it is
                  -verify               compares every page before the switch
                  -overwrite            lets a file that holds something be overwritten
                  -downtime-limit MS    how long writers may be paused for the last step (default 20)
                  -max-bandwidth SIZE   how many bytes a second are copied at most, such as 200M;
                                        0: no limit (default)
                  -rounds N             after how many rounds over dirty pages to give up (default 30)
                  -pause-limit MS       how long all writers together may take to pause (default 1000)
                  -cancel               rolls back the one under way\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:swap", () -> swap(session, Arguments.read(Forms.SWAP, arguments)));
  }

  /**
   * What {@code ram:swap} has done before it waits.
   *
   * @param text what it says
   * @param awaited the swap whose end is waited for; empty if the command is done
   */
  record Started(String text, Optional<RunningSwap> awaited) {}

  private String swap(CommandSession session, Arguments arguments)
      throws InterruptedException, AdminException, SwapException {
    Started started = start(arguments, plan -> session.getConsole().print(plan));
    return started.awaited().isEmpty()
        ? started.text()
        : follow(
            arguments.words("ID", "PROPERTIES").getFirst(),
            started.awaited().get(),
            session.getConsole());
  }

  /** Does all that {@code ram:swap} does, except that it waits for no end. */
  Started start(Object... arguments) throws InterruptedException {
    AtomicReference<@Nullable Started> started = new AtomicReference<>();
    StringBuilder plan = new StringBuilder();
    CommandFailure.orAnswer(
        "ram:swap",
        () -> {
          started.set(start(Arguments.read(Forms.SWAP, arguments), plan::append));
          return "";
        });
    Started done = Objects.requireNonNull(started.get());
    return new Started(plan + done.text(), done.awaited());
  }

  /** Starts it, and shows its plan as soon as that is known. */
  private Started start(Arguments arguments, Consumer<String> show)
      throws InterruptedException, AdminException, SwapException {
    if (arguments.has(CANCEL)) {
      return new Started(cancel(cancelled(arguments)), Optional.empty());
    }
    List<String> words = arguments.words("ID", "PROPERTIES");
    String id = words.get(0);
    Map<String, String> changes = changes(words.get(1));
    SwapLimits limits = limits(arguments);
    Screen plan = new Screen();
    SwapScreen.show(admin.planSwap(id, changes, limits), plan);
    if (arguments.has("-plan")) {
      return new Started(plan.toString(), Optional.empty());
    }
    show.accept(plan.toString());
    RunningSwap swap = admin.swap(id, changes, limits);
    return arguments.has("-background")
        ? new Started(
            "started; ram:swaps "
                + id
                + " shows how far it is, ram:swap "
                + id
                + " -cancel ends it",
            Optional.empty())
        : new Started("", Optional.of(swap));
  }

  /** Returns the id of the memory backend whose swap is to be rolled back. */
  static String cancelled(Arguments arguments) {
    String id = arguments.words("ID").getFirst();
    String other = arguments.otherThan(CANCEL);
    if (!other.isEmpty()) {
      throw arguments.mistake("-cancel goes with no other option, and " + other + " is there");
    }
    return id;
  }

  private String cancel(String id) throws InterruptedException, AdminException {
    RunningSwap swap =
        admin
            .runningSwap(id)
            .orElseThrow(
                () -> new CommandFailure("no swap of memory backend '" + id + "' is under way"));
    swap.cancel();
    return line(swap.await(Duration.ofSeconds(30)));
  }

  private static String follow(String id, RunningSwap swap, PrintStream console) {
    String shown = "";
    while (true) {
      SwapReport report;
      try {
        report = swap.await(SHOW_EVERY);
      } catch (InterruptedException e) {
        // Ctrl-C; the shell ignores the result of a command that it interrupted
        console.println("the swap goes on; ram:swaps " + id + " shows how far it is");
        Thread.currentThread().interrupt();
        return "";
      }
      String line = line(report);
      if (report.phase().isEnd()) {
        return line;
      }
      if (!line.equals(shown)) {
        console.println(line);
        shown = line;
      }
    }
  }

  /** Runs {@code ram:swaps ID}. */
  @Descriptor("shows the swap of a memory backend that is under way, and those that have ended")
  public String swaps(@Descriptor("ID: the id of the memory backend") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:swaps", () -> all(Arguments.read(Forms.SWAPS, arguments).words("ID").getFirst()));
  }

  private static String line(SwapReport report) {
    return Excerpt.onOneLine(SwapWords.line(report));
  }

  private String all(String id) throws AdminException {
    Screen screen = new Screen();
    admin.runningSwap(id).ifPresent(swap -> screen.heading(SwapWords.line(swap.report())));
    admin.endedSwaps(id).forEach(report -> screen.heading(SwapWords.line(report)));
    String text = screen.toString();
    return text.isEmpty() ? "no swap of memory backend '" + id + "' was started" : text;
  }

  /** Returns the properties that change. */
  static Map<String, String> changes(String properties) {
    Map<String, String> changes = new LinkedHashMap<>();
    for (Options.Entry entry : QemuOpts.parse(properties, TYPE).entries()) {
      if (!(entry.value() instanceof OptionValue.Bare(String text))) {
        throw new CommandFailure(entry.key() + "=" + entry.value() + " is not plain text");
      }
      if (entry.key().equals(TYPE) && !properties.startsWith(TYPE) && isProperty(text)) {
        throw new CommandFailure(text + " needs a value: write " + text + "=VALUE");
      }
      changes.put(entry.key(), text);
    }
    return changes;
  }

  private static boolean isProperty(String name) {
    return BackendDefinitions.OPTION.types().stream()
        .flatMap(type -> type.properties().stream())
        .anyMatch(property -> property.name().equals(name));
  }

  /** Returns the limits of a swap. */
  static SwapLimits limits(Arguments arguments) {
    String bandwidth = arguments.value("-max-bandwidth", "0");
    try {
      return SwapLimits.DEFAULT
          .withDowntime(Duration.ofMillis(arguments.number("-downtime-limit", 20, 0)))
          .withBandwidth(PropertyType.size().parse(bandwidth))
          .withRounds(arguments.number("-rounds", 30, 1))
          .withPause(Duration.ofMillis(arguments.number("-pause-limit", 1000, 0)))
          .withVerify(arguments.has("-verify"))
          .withOverwrite(arguments.has("-overwrite"));
    } catch (OptionException e) {
      throw new CommandFailure("-max-bandwidth " + e.getMessage());
    }
  }
}
