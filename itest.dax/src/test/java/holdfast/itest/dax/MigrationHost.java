package holdfast.itest.dax;

import holdfast.backend.api.Evidence;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Holdfast;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A host with twelve machines: for each {@link MigrationHalt} two, between which a guest moves so
 * far. Run by itself, until the power is cut. It reports, in lines of fields separated by tabs:
 *
 * <ul>
 *   <li>{@code region}, the halt, the machine, and what {@link WriterVm.RegionLine} has
 *   <li>{@code record}, the halt, the machine, the number and the granularity
 *   <li>{@code at}, the halt: so far has that migration come, and no further
 *   <li>{@code failed}, and why
 * </ul>
 */
final class MigrationHost {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final long MOST_WAIT_MILLIS = 1000;
  private static final long LOOK_MILLIS = 20;

  /** More than what sockets take in while nobody reads them. */
  private static final int FILLED = 1 << 20;

  /** No byte of a page that is all zero. */
  private static final byte FILL = 0x55;

  private final ReportPort report;
  private final Path sockets;

  private MigrationHost(ReportPort report, Path sockets) {
    this.report = report;
    this.sockets = sockets;
  }

  /**
   * Goes on until the power is cut.
   *
   * @param arguments the report port, and a folder for sockets
   */
  @SuppressWarnings("IllegalCatch") // whatever ends it must reach the test
  public static void main(String[] arguments) throws Exception {
    ReportPort report = new ReportPort(Path.of(arguments[0]));
    MigrationHost host = new MigrationHost(report, Path.of(arguments[1]));
    try {
      for (MigrationHalt halt : MigrationHalt.values()) {
        host.bring(halt);
      }
    } catch (Throwable e) {
      report.line("failed", e);
    }
  }

  private void bring(MigrationHalt halt) throws Exception {
    Path at = sockets.resolve(halt + ".2");
    Holdfast source = open(halt, 1);
    fill(source);
    new MigratingGuest(source, report, halt, 1).start();
    if (halt == MigrationHalt.HANDED_OVER) {
      handOver(source, at);
    } else {
      bring(halt, source, at);
    }
    report.line("at", halt);
  }

  /** The other machine opens what it is given, so it is not open before the migration begins. */
  private void handOver(Holdfast source, Path at) throws Exception {
    MigrationHalt halt = MigrationHalt.HANDED_OVER;
    FutureTask<Holdfast> destination =
        new FutureTask<>(() -> open(halt, 2, "-incoming", "cpr:" + at));
    Thread.ofPlatform().start(destination);
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!Files.exists(at) && System.nanoTime() < end) {
      Thread.sleep(LOOK_MILLIS);
    }
    migrate(source, "cpr:" + at);
    Holdfast opened = destination.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    new MigratingGuest(opened, report, halt, 2).start();
    await(source, MigrationState.COMPLETED);
  }

  private void bring(MigrationHalt halt, Holdfast source, Path at) throws Exception {
    Holdfast destination = open(halt, 2, "-incoming", "unix:" + at);
    new MigratingGuest(destination, report, halt, 2).start();
    if (halt.held() == 0) {
      migrate(source, "unix:" + at);
      await(source, MigrationState.COMPLETED);
    } else {
      Path relay = sockets.resolve(halt + ".1");
      HoldingRelay held = new HoldingRelay(relay, at, halt.held());
      migrate(source, "unix:" + relay);
      held.awaitHeld(LIMIT);
    }
    switch (halt) {
      case ACTIVE -> {
        await(source, MigrationState.ACTIVE);
        await(destination, MigrationState.ACTIVE);
      }
      case READY -> await(source, MigrationState.DEVICE);
      case OWNED, COMPLETED -> await(destination, MigrationState.COMPLETED);
      case COMMITTED, HANDED_OVER -> {}
    }
  }

  /** Gives it more to send than the records alone, which are written over this. */
  private static void fill(Holdfast machine) {
    byte[] bytes = new byte[FILLED];
    Arrays.fill(bytes, FILL);
    machine
        .memory()
        .write(MigratingGuest.nvdimms(machine).getFirst().address(), MemorySegment.ofArray(bytes));
  }

  private Holdfast open(MigrationHalt halt, int vm, String... more) throws Exception {
    Holdfast machine = Holdfast.open(halt.options(vm, more));
    for (MemoryDevice nvdimm : MigratingGuest.nvdimms(machine)) {
      Evidence evidence = nvdimm.region().durability().evidence();
      report.line(
          "region",
          halt,
          vm,
          nvdimm.region().id(),
          nvdimm.region().durability().obtained().label(),
          nvdimm.region().obtained(),
          evidence.mmap(),
          evidence.vmFlags(),
          evidence.persist(),
          nvdimm.size().bytes(),
          nvdimm.labelSize().bytes());
    }
    return machine;
  }

  /** Under emulation, and with two processors, nothing is quick. */
  private static void migrate(Holdfast source, String to) throws Exception {
    MigrationAdmin migration = source.admin().migration();
    migration.setParameters(
        Map.of("max-bandwidth", "0", "downtime-limit", "" + Duration.ofSeconds(30).toMillis()));
    migration.migrate(to);
  }

  private static void await(Holdfast machine, MigrationState state) throws Exception {
    BlockingQueue<AdminEvent.Change> changes = new LinkedBlockingQueue<>();
    try (var _ = machine.admin().subscribe(event -> changes.add(event.change()))) {
      long end = System.nanoTime() + LIMIT.toNanos();
      while (machine.admin().migration().status().state() != state) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException(
              "not " + state.label() + " but " + machine.admin().migration().status());
        }
        changes.poll(MOST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
      }
    }
  }
}
