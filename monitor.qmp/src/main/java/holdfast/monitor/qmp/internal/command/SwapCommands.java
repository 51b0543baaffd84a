package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.INTEGER;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.NOTHING;
import static holdfast.monitor.qmp.internal.schema.ValueType.SIZE;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.HoldfastException;
import holdfast.backend.api.RamFlag;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.SwapWords;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.options.Excerpt;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Holdfast's commands about live swaps and evacuation: QEMU has none. A swap is started, and events
 * tell how far it is.
 */
public final class SwapCommands {
  /** As for QEMU's downtime-limit. */
  private static final long MOST_MILLIS = 2_000_000;

  private static final Duration CANCEL_LIMIT = Duration.ofSeconds(30);

  /** The type of {@link #report}. */
  public static final Struct REPORT =
      new Struct(
          "XHoldfastSwapReport",
          List.of(
              required("number", INTEGER),
              required("id", STRING),
              required("from", STRING),
              required("to", STRING),
              required("started", STRING),
              required("milliseconds", INTEGER),
              required("phase", STRING),
              required("ended", BOOLEAN),
              required("round", INTEGER),
              required("copied", SIZE),
              required("total", SIZE),
              required("dirty", SIZE),
              required("dirty-bytes-per-second", SIZE),
              required("copied-bytes-per-second", SIZE),
              required("expected-pause-microseconds", INTEGER),
              required("pause-microseconds", INTEGER),
              required("downtime-limit", INTEGER),
              optional("reason", STRING),
              required("text", STRING)));

  private static final Struct PLAN =
      new Struct(
          "XHoldfastSwapPlan",
          List.of(
              required("id", STRING),
              required("from", STRING),
              required("to", STRING),
              required("changes", new ListOf(STRING)),
              required("requested", new ListOf(STRING)),
              required("granularity", STRING),
              required("requested-granularity", STRING),
              required("bytes", SIZE),
              optional("free", SIZE),
              required("milliseconds", INTEGER),
              required("basis", STRING),
              required("tracking", STRING),
              required("ends-with-process", BOOLEAN),
              required("expected-pause-microseconds", INTEGER)));

  private final MachineAdmin admin;

  /**
   * @param admin the machine
   */
  public SwapCommands(MachineAdmin admin) {
    this.admin = admin;
  }

  /** Returns the commands. */
  public List<Command> all() {
    Struct swaps =
        new Struct(
            "XHoldfastSwaps",
            List.of(optional("running", REPORT), required("ended", new ListOf(REPORT))));
    return List.of(
        Command.with("x-holdfast-plan-swap", order(), PLAN, this::plan),
        Command.with("x-holdfast-swap", order(), REPORT, this::start),
        Command.with("x-holdfast-swap-cancel", id(), REPORT, this::cancel),
        Command.with("x-holdfast-query-swaps", id(), swaps, this::swaps),
        Command.with(
            "x-holdfast-evacuate",
            List.of(required("id", STRING), required("standby", STRING)),
            NOTHING,
            this::evacuate));
  }

  private static List<Member> id() {
    return List.of(required("id", STRING));
  }

  /** The arguments of a swap; the limits are named and measured as QEMU's migration parameters. */
  private static List<Member> order() {
    return List.of(
        required("id", STRING),
        required("changes", new Struct("XHoldfastChanges", List.of(), true)),
        optional("downtime-limit", INTEGER),
        optional("max-bandwidth", SIZE),
        optional("rounds", INTEGER),
        optional("pause-limit", INTEGER),
        optional("verify", BOOLEAN),
        optional("overwrite", BOOLEAN));
  }

  private static Map<String, String> changes(Arguments given) throws QmpException {
    Map<String, String> changes = new LinkedHashMap<>();
    for (Map.Entry<?, ?> change : given.object("changes").entrySet()) {
      @Nullable Object value = change.getValue();
      if (value == null) {
        throw QmpException.generic("Parameter 'changes." + change.getKey() + "' is null");
      }
      changes.put(change.getKey().toString(), QomTree.text(value));
    }
    return changes;
  }

  private static SwapLimits limits(Arguments given) throws QmpException {
    SwapLimits standard = SwapLimits.DEFAULT;
    try {
      return new SwapLimits(
          milliseconds(given, "downtime-limit").orElse(standard.downtime()),
          given.number("max-bandwidth").map(ByteSize::new).orElse(standard.bandwidth()),
          (int)
              Math.min(Integer.MAX_VALUE, given.number("rounds").orElse((long) standard.rounds())),
          milliseconds(given, "pause-limit").orElse(standard.pause()),
          given.flag("verify", standard.verify()),
          given.flag("overwrite", standard.overwrite()));
    } catch (IllegalArgumentException e) {
      throw QmpException.generic("Parameter 'rounds' expects a number from 1 on");
    }
  }

  private static Optional<Duration> milliseconds(Arguments given, String name) throws QmpException {
    Optional<Long> number = given.number(name);
    if (number.isPresent() && number.get() > MOST_MILLIS) {
      throw QmpException.generic(
          "Parameter '" + name + "' expects an integer in the range of 0 to " + MOST_MILLIS);
    }
    return number.map(Duration::ofMillis);
  }

  private Object plan(Arguments given) throws HoldfastException {
    return plan(admin.planSwap(given.text("id"), changes(given), limits(given)));
  }

  private static Map<String, Object> plan(SwapPlan plan) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("id", plan.region().value());
    all.put("from", plan.from());
    all.put("to", plan.to());
    all.put("changes", plan.changes());
    all.put("requested", plan.requestedFlags().stream().map(RamFlag::name).toList());
    all.put("granularity", plan.granularity().label());
    all.put("requested-granularity", plan.requestedGranularity().label());
    all.put("bytes", plan.bytes().bytes());
    plan.free().ifPresent(free -> all.put("free", free.bytes()));
    all.put("milliseconds", plan.time().toMillis());
    all.put("basis", plan.basis());
    all.put("tracking", plan.tracking());
    all.put("ends-with-process", plan.endsWithProcess());
    all.put("expected-pause-microseconds", micros(plan.pause()));
    return all;
  }

  private Object start(Arguments given) throws HoldfastException {
    return report(admin.swap(given.text("id"), changes(given), limits(given)).report());
  }

  private Object cancel(Arguments given) throws HoldfastException, InterruptedException {
    String id = given.text("id");
    RunningSwap swap =
        admin
            .runningSwap(id)
            .orElseThrow(
                () -> QmpException.generic("no swap of memory backend '" + id + "' is under way"));
    swap.cancel();
    return report(swap.await(CANCEL_LIMIT));
  }

  private Object swaps(Arguments given) throws AdminException {
    String id = given.text("id");
    Map<String, Object> all = new LinkedHashMap<>();
    admin.runningSwap(id).ifPresent(swap -> all.put("running", report(swap.report())));
    List<Object> ended = new ArrayList<>();
    admin.endedSwaps(id).forEach(report -> ended.add(report(report)));
    all.put("ended", ended);
    return all;
  }

  private Object evacuate(Arguments given) throws HoldfastException {
    String standby = given.text("standby");
    try {
      admin.evacuate(given.text("id"), Path.of(standby));
    } catch (InvalidPathException e) {
      throw QmpException.generic("Parameter 'standby' expects a path: " + e.getReason());
    }
    return Command.NOTHING;
  }

  /** Returns what a client is told of a swap, by commands and events alike. */
  public static Map<String, Object> report(SwapReport report) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("number", report.number());
    all.put("id", report.region().value());
    all.put("from", report.from());
    all.put("to", report.to());
    all.put("started", report.started().toString());
    all.put("milliseconds", report.time().toMillis());
    all.put("phase", report.phase().toString());
    all.put("ended", report.phase().isEnd());
    all.put("round", report.round());
    all.put("copied", report.copied().bytes());
    all.put("total", report.total().bytes());
    all.put("dirty", report.dirty().bytes());
    all.put("dirty-bytes-per-second", report.dirtyRate().bytes());
    all.put("copied-bytes-per-second", report.copyRate().bytes());
    all.put("expected-pause-microseconds", micros(report.expectedPause()));
    all.put("pause-microseconds", micros(report.pause()));
    all.put("downtime-limit", report.downtime().toMillis());
    if (!report.reason().isEmpty()) {
      all.put("reason", report.reason());
    }
    all.put("text", Excerpt.onOneLine(SwapWords.line(report)));
    return all;
  }

  private static long micros(Duration time) {
    return time.toNanos() / 1000;
  }
}
