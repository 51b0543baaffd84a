package holdfast.launcher.internal.cli;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.admin.SwapWords;
import holdfast.machine.swap.Swaps;
import holdfast.monitor.shell.report.ObjectReport;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;

/**
 * Demonstrates the product on a real file in a temporary folder: a machine with the options of the
 * MAP_SYNC series, and a guest that keeps writing while the bundles of its allocators are stopped
 * and started. Every byte is checked, in memory and in the file.
 */
final class Demo {
  private static final String FILE_BUNDLE = "holdfast.backend.file";
  private static final String DAX_BUNDLE = "holdfast.backend.dax";

  /** The framework property with the private folder of the executable jar. */
  private static final String FOLDER = "holdfast.folder";

  private static final int ROUNDS = 5;
  private static final Duration SWAP_LIMIT = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(10);

  /**
   * Long enough for hosts that can't track dirty pages, where everything is copied while the guest
   * is paused.
   */
  private static final Duration DOWNTIME = Duration.ofMillis(1_000);

  private static final long WRITES_BETWEEN_CHANGES = 2_000;

  private final BundleContext context;
  private final ConfigurationAdmin configurations;
  private final PrintStream out;

  /** The demo's output can't be written; the code that watches standard output reports it. */
  static final class UnreadException extends Exception {
    private static final long serialVersionUID = 1;
  }

  Demo(BundleContext context, ConfigurationAdmin configurations, PrintStream out) {
    this.context = context;
    this.configurations = configurations;
    this.out = out;
  }

  /**
   * Runs the demo.
   *
   * @throws CommandException with a sentence if a check fails
   * @throws UnreadException if the output can't be written
   */
  void run() throws CommandException, UnreadException, IOException, InterruptedException {
    // in the executable jar's own folder: a later start removes the files of a killed demo
    Path folder =
        Files.createTempDirectory(
            Path.of(
                Objects.requireNonNullElse(
                    context.getProperty(FOLDER), System.getProperty("java.io.tmpdir", "/tmp"))),
            "demo");
    Path file = folder.resolve("nvdimm.img");
    Path other = folder.resolve("elsewhere.img");
    try {
      show(file, other);
    } catch (BundleException | PersistException e) {
      throw new CommandException("demo: " + e.getMessage());
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(other);
      Swaps.forgetNotes(file);
      Swaps.forgetNotes(other);
      Files.deleteIfExists(folder);
    }
  }

  private void show(Path file, Path other)
      throws CommandException,
          UnreadException,
          IOException,
          InterruptedException,
          BundleException,
          PersistException {
    List<String> arguments =
        List.of(
            "-machine",
            "pc,nvdimm=on",
            "-m",
            "128M,slots=2,maxmem=4G",
            "-object",
            "memory-backend-file,id=nv_be4,share,mem-path="
                + file.toString().replace(",", ",,")
                + ",size=256M,align=128M,pmem=on,share=on",
            "-device",
            "nvdimm,id=nv4,memdev=nv_be4,label-size=2M");
    out.println("$ holdfast " + String.join(" ", arguments));
    Machine machine = start(arguments);
    out.println(HoldfastCommand.report(machine).toText());

    Region region = machine.find("nv_be4").orElseThrow().region();
    MemoryDevice nvdimm =
        machine.memory().devices().stream()
            .filter(device -> device.id().equals("nv4"))
            .findFirst()
            .orElseThrow();
    long checked;
    try (DemoGuest guest = new DemoGuest(machine.memory(), nvdimm)) {
      out.println(
          "A guest writes and reads back all the time; now the allocators' bundles change:");
      line("start", machine);
      for (int round = 0; round < ROUNDS; round++) {
        change("stop", DAX_BUNDLE, guest, machine);
        change("stop", FILE_BUNDLE, guest, machine);
        change("start", round % 2 == 0 ? FILE_BUNDLE : DAX_BUNDLE, guest, machine);
        change("start", round % 2 == 0 ? DAX_BUNDLE : FILE_BUNDLE, guest, machine);
      }
      swap(guest, other);
      guest.stop();
      checked = guest.checkMemory();
      out.printf(
          Locale.ROOT,
          "%nguest: %,d blocks of 4 KiB written and read back meanwhile, none wrong%n",
          guest.writes());
      out.printf(
          Locale.ROOT, "memory: %,d bytes checked, every one as the guest left it%n", checked);
      Granularity held = region.persist(0, region.size().bytes());
      out.printf(Locale.ROOT, "persist: the whole backend, granularity %s%n", held);
      out.printf(
          Locale.ROOT,
          "file: %,d bytes of %s checked, every one there%n",
          guest.checkFile(other),
          other);
    }
  }

  /** Moves the bytes to another file while the guest keeps writing. */
  private void swap(DemoGuest guest, Path other)
      throws CommandException, UnreadException, InterruptedException {
    requireReader();
    out.printf(
        Locale.ROOT,
        "%n$ ram:swap nv_be4 mem-path=%s -verify -downtime-limit %d%n",
        other,
        DOWNTIME.toMillis());
    ServiceRegistration<GuestWriter> writer =
        context.registerService(GuestWriter.class, guest, null);
    ServiceTracker<LiveSwap, LiveSwap> tracker =
        new ServiceTracker<>(context, LiveSwap.class, null);
    tracker.open();
    try {
      LiveSwap swaps = tracker.waitForService(SWAP_LIMIT.toMillis());
      if (swaps == null) {
        throw new CommandException("demo: there is no service of live swaps");
      }
      BackendId id = new BackendId("nv_be4");
      Map<String, String> changes = Map.of("mem-path", other.toString());
      SwapLimits limits = SwapLimits.DEFAULT.withVerify(true).withDowntime(DOWNTIME);
      SwapPlan plan = swaps.plan(id, changes, limits);
      out.println("  plan: " + SwapWords.expected(plan));
      long before = System.nanoTime();
      RunningSwap swap = swaps.start(id, changes, limits);
      SwapReport report = swap.report();
      long limit = System.nanoTime() + SWAP_LIMIT.toNanos();
      while (!report.phase().isEnd() && System.nanoTime() < limit) {
        SwapReport next = swap.await(LOOK_EVERY);
        if (next.phase() != report.phase() || next.round() != report.round()) {
          out.println("  " + SwapWords.line(next));
        }
        report = next;
      }
      if (report.phase() != SwapPhase.DONE) {
        throw new CommandException("demo: " + SwapWords.line(report));
      }
      double took = (System.nanoTime() - before) / 1e6;
      // the plan includes neither a guest that writes all the time nor the comparison of every page
      out.printf(
          Locale.ROOT,
          "  planned: %.1f ms to copy it once; it took %.1f ms in all: %.1f times as long%n",
          plan.time().toNanos() / 1e6,
          took,
          took * 1e6 / Math.max(1, plan.time().toNanos()));
      guest.awaitMoreWrites(WRITES_BETWEEN_CHANGES);
    } catch (SwapException e) {
      throw new CommandException("demo: " + e.getMessage());
    } finally {
      tracker.close();
      writer.unregister();
    }
  }

  private Machine start(List<String> arguments)
      throws CommandException, IOException, InterruptedException {
    try {
      if (CommandLine.parse(arguments)
          instanceof CommandLine.Start(MachineRequest request, var a)) {
        return new MachineStart(context, configurations).start(request);
      }
      throw new AssertionError(arguments);
    } catch (OptionException e) {
      throw new AssertionError(arguments.toString(), e);
    }
  }

  /**
   * Checks that the output is still being read; otherwise nobody waits for the rest of the demo.
   */
  private void requireReader() throws UnreadException {
    if (out.checkError()) {
      throw new UnreadException();
    }
  }

  private void change(String what, String name, DemoGuest guest, Machine machine)
      throws BundleException, InterruptedException, CommandException, UnreadException {
    requireReader();
    Bundle bundle = bundle(name);
    long before = System.nanoTime();
    if (what.equals("stop")) {
      bundle.stop();
    } else {
      bundle.start();
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
    line(what + " " + name + " (" + millis + " ms)", machine);
    guest.awaitMoreWrites(WRITES_BETWEEN_CHANGES);
  }

  private void line(String what, Machine machine) {
    List<String> row = new ObjectReport(machine.status(machine.find("nv_be4").orElseThrow())).row();
    out.printf(
        Locale.ROOT,
        "  %-36s %-9s allocator %-5s granularity %s%n",
        what,
        row.get(2),
        row.get(3),
        row.get(4));
  }

  private Bundle bundle(String symbolicName) throws CommandException {
    for (Bundle bundle : context.getBundles()) {
      if (symbolicName.equals(bundle.getSymbolicName())) {
        return bundle;
      }
    }
    throw new CommandException("demo: the bundle " + symbolicName + " is not installed");
  }
}
