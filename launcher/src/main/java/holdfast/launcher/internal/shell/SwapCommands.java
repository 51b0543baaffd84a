package holdfast.launcher.internal.shell;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.OptionValue;
import holdfast.launcher.internal.options.Options;
import holdfast.launcher.internal.options.PropertyType;
import holdfast.launcher.internal.options.QemuOpts;
import holdfast.launcher.internal.report.Screen;
import holdfast.launcher.internal.report.SwapScreen;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapReport;
import java.io.PrintStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ram:swap} and {@code ram:swaps}. */
@Component(
    service = SwapCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=swap",
      "osgi.command.function=swaps"
    })
public final class SwapCommands {
  private static final Duration TELL_EVERY = Duration.ofMillis(500);

  private final LiveSwap swaps;

  /** For Declarative Services. */
  @Activate
  public SwapCommands(@Reference LiveSwap swaps) {
    this.swaps = swaps;
  }

  /** {@code ram:swap ID PROPERTIES}. */
  @Descriptor(
      "moves the bytes of a memory backend to another backing while the guest runs; waits for the"
          + " end and shows how far it is")
  public String swap(
      CommandSession session,
      @Descriptor("only shows what would change, and whether it can work")
          @Parameter(names = "-plan", presentValue = "true", absentValue = "false")
          boolean planOnly,
      @Descriptor("starts it and doesn't wait; ram:swaps shows how far it is")
          @Parameter(names = "-background", presentValue = "true", absentValue = "false")
          boolean background,
      @Descriptor("compares every page before the switch")
          @Parameter(names = "-verify", presentValue = "true", absentValue = "false")
          boolean verify,
      @Descriptor("lets a file that holds something be overwritten")
          @Parameter(names = "-overwrite", presentValue = "true", absentValue = "false")
          boolean overwrite,
      @Descriptor("how long writers may be paused for the last step, in ms (default 20)")
          @Parameter(names = "-downtime-limit", absentValue = "20")
          int downtimeMillis,
      @Descriptor("how many bytes a second are copied at most, such as 200M; 0: no limit (default)")
          @Parameter(names = "-max-bandwidth", absentValue = "0")
          String bandwidth,
      @Descriptor("after how many rounds over dirty pages to give up (default 30)")
          @Parameter(names = "-rounds", absentValue = "30")
          int rounds,
      @Descriptor("how long all writers together may take to pause, in ms (default 1000)")
          @Parameter(names = "-pause-limit", absentValue = "1000")
          int pauseMillis,
      @Descriptor("the id of the memory backend") String id,
      @Descriptor("the properties that change, as for -object, such as mem-path=/b/nv.img,share=on")
          String properties)
      throws InterruptedException {
    BackendId region = region(id);
    Map<String, String> changes = changes(properties);
    SwapLimits limits =
        limits(downtimeMillis, bandwidth, rounds, pauseMillis)
            .withVerify(verify)
            .withOverwrite(overwrite);
    try {
      Screen plan = new Screen();
      SwapScreen.show(swaps.plan(region, changes, limits), plan);
      if (planOnly) {
        return plan.toString();
      }
      PrintStream console = session.getConsole();
      console.print(plan);
      RunningSwap swap = swaps.start(region, changes, limits);
      return background
          ? "started; ram:swaps " + id + " shows how far it is, ram:swap " + id + " -cancel ends it"
          : follow(swap, console);
    } catch (SwapException e) {
      throw new CommandFailure("" + e.getMessage());
    }
  }

  /** {@code ram:swap ID -cancel}. */
  @Descriptor("rolls back the swap of a memory backend that is under way")
  public String swap(
      @Descriptor("rolls it back")
          @Parameter(names = "-cancel", presentValue = "true", absentValue = "false")
          boolean cancel,
      @Descriptor("the id of the memory backend") String id)
      throws InterruptedException {
    if (!cancel) {
      throw new CommandFailure(
          "ram:swap "
              + id
              + " needs the properties that change, such as mem-path=/b/nv.img, or -cancel");
    }
    RunningSwap swap =
        swaps
            .running(region(id))
            .orElseThrow(
                () -> new CommandFailure("no swap of memory backend '" + id + "' is under way"));
    swap.cancel();
    return SwapScreen.line(swap.await(Duration.ofSeconds(30)));
  }

  private static String follow(RunningSwap swap, PrintStream console) throws InterruptedException {
    String told = "";
    while (true) {
      SwapReport report = swap.await(TELL_EVERY);
      String line = SwapScreen.line(report);
      if (report.phase().isEnd()) {
        return line;
      }
      if (!line.equals(told)) {
        console.println(line);
        told = line;
      }
    }
  }

  /** {@code ram:swaps ID}. */
  @Descriptor("shows the swap of a memory backend that is under way, and those that have ended")
  public String swaps(@Descriptor("the id of the memory backend") String id) {
    BackendId region = region(id);
    Screen screen = new Screen();
    swaps.running(region).ifPresent(swap -> screen.heading(SwapScreen.line(swap.report())));
    swaps.history(region).forEach(report -> screen.heading(SwapScreen.line(report)));
    String text = screen.toString();
    return text.isEmpty() ? "no swap of memory backend '" + id + "' was started" : text;
  }

  private static BackendId region(String id) {
    try {
      return new BackendId(id);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure("" + e.getMessage());
    }
  }

  private static Map<String, String> changes(String properties) {
    Map<String, String> changes = new LinkedHashMap<>();
    for (Options.Entry entry : QemuOpts.parse(properties, "qom-type").entries()) {
      if (!(entry.value() instanceof OptionValue.Bare(String text))) {
        throw new CommandFailure(entry.key() + "=" + entry.value() + " is not plain text");
      }
      changes.put(entry.key(), text);
    }
    return changes;
  }

  private static SwapLimits limits(int downtime, String bandwidth, int rounds, int pause) {
    try {
      ByteSize most = PropertyType.size().parse(bandwidth);
      return SwapLimits.DEFAULT
          .withDowntime(Duration.ofMillis(downtime))
          .withBandwidth(most)
          .withRounds(rounds)
          .withPause(Duration.ofMillis(pause));
    } catch (OptionException e) {
      throw new CommandFailure("-max-bandwidth " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new CommandFailure("" + e.getMessage());
    }
  }
}
