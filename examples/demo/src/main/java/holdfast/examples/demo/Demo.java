package holdfast.examples.demo;

import holdfast.backend.api.Durability;
import holdfast.backend.api.PersistException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.SwapWords;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Demonstrates the product on the machine's first nvdimm: a guest keeps writing while the bundles
 * of the memory's allocators are stopped and started, while its bytes move to another file, and
 * while it moves to another process, where every byte is checked, in memory and in the file.
 *
 * <p>The executable jar calls a service like this one, by its property {@code holdfast.program}, as
 * soon as it is there, which is when the machine is up, and ends with its result.
 */
@Component(service = Callable.class, property = "holdfast.program:Boolean=true")
public final class Demo implements Callable<Integer> {
  private static final String FILE_BUNDLE = "holdfast.backend.file";
  private static final String DAX_BUNDLE = "holdfast.backend.dax";

  private static final int ROUNDS = 5;
  private static final Duration SWAP_LIMIT = Duration.ofSeconds(60);
  private static final Duration UP_LIMIT = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofMillis(10);

  /**
   * Long enough for hosts that can't track dirty pages, where everything is copied while the guest
   * is paused.
   */
  static final Duration DOWNTIME = Duration.ofMillis(1_000);

  /** How much the guest writes between two steps, to show that it goes on. */
  static final long WRITES_BETWEEN_CHANGES = 2_000;

  private final BundleContext context;
  private final GuestMemory memory;
  private final LiveSwap swaps;
  private final MachineAdmin admin;
  private final PrintStream out = System.out;

  /** Called by Declarative Services when the machine is up. */
  @Activate
  public Demo(
      BundleContext context,
      @Reference GuestMemory memory,
      @Reference LiveSwap swaps,
      @Reference MachineAdmin admin) {
    this.context = context;
    this.memory = memory;
    this.swaps = swaps;
    this.admin = admin;
  }

  @Override
  public Integer call() throws InterruptedException {
    try {
      awaitUp();
      if (admin.status().ownership() == Ownership.AWAITED) {
        new Arrival(context, memory, admin).show(nvdimm());
      } else {
        show();
      }
      return 0;
    } catch (DemoException
        | SwapException
        | AdminException
        | PersistException
        | BundleException
        | IOException e) {
      if (!out.checkError()) {
        System.err.println("holdfast: demo: " + e.getMessage());
      }
      return 1;
    }
  }

  /** Waits for the operator's service, which hears a moment later that the machine is up. */
  private void awaitUp() throws AdminException, InterruptedException {
    long limit = System.nanoTime() + UP_LIMIT.toNanos();
    while (true) {
      try {
        admin.migration();
        return;
      } catch (MachineNotUpException e) {
        if (System.nanoTime() > limit) {
          throw e;
        }
        Thread.sleep(LOOK_EVERY);
      }
    }
  }

  private void show()
      throws DemoException,
          SwapException,
          AdminException,
          BundleException,
          IOException,
          InterruptedException {
    MemoryDevice nvdimm = nvdimm();
    describe(nvdimm);
    try (Guest guest = new Guest(memory, nvdimm)) {
      guest.start();
      out.println(
          "A guest writes and reads back all the time; now the allocators' bundles change:");
      line("start", nvdimm.region());
      for (int round = 0; round < ROUNDS; round++) {
        change("stop", DAX_BUNDLE, guest, nvdimm);
        change("stop", FILE_BUNDLE, guest, nvdimm);
        change("start", round % 2 == 0 ? FILE_BUNDLE : DAX_BUNDLE, guest, nvdimm);
        change("start", round % 2 == 0 ? DAX_BUNDLE : FILE_BUNDLE, guest, nvdimm);
      }
      Path other = Path.of(nvdimm.region().backing()).resolveSibling("elsewhere.img");
      // without it a swap would lose what the guest stores between the last copy and the switch
      ServiceRegistration<GuestWriter> writer =
          context.registerService(GuestWriter.class, guest, null);
      try {
        swap(guest, nvdimm.region(), other);
        requireReader();
        new Departure(context, admin, out).move(guest, other);
      } finally {
        guest.close();
        writer.unregister();
      }
    }
  }

  private MemoryDevice nvdimm() throws DemoException {
    return memory.devices().stream()
        .filter(device -> device.driver() == DeviceKind.NVDIMM)
        .findFirst()
        .orElseThrow(() -> new DemoException("the machine has no nvdimm; start examples/demo/run"));
  }

  private void describe(MemoryDevice device) {
    MemoryRegion region = device.region();
    Durability durability = region.durability();
    fact("device", device.id() + " at " + device.address() + ", " + device.size());
    fact("backing", region.backing());
    fact("obtained", region.obtained());
    fact("granularity", durability.obtained() + " (requested: " + durability.requested() + ")");
    fact("reason", durability.reason());
    fact("persist by", durability.evidence().persist());
    out.println();
  }

  private void fact(String name, Object value) {
    out.printf(Locale.ROOT, "  %-13s %s%n", name, value);
  }

  /** Moves the bytes to another file while the guest keeps writing. */
  private void swap(Guest guest, MemoryRegion region, Path other)
      throws DemoException, SwapException, InterruptedException {
    requireReader();
    out.printf(
        Locale.ROOT,
        "%n$ ram:swap %s mem-path=%s -verify -downtime-limit %d%n",
        region.id(),
        other,
        DOWNTIME.toMillis());
    Map<String, String> changes = Map.of("mem-path", other.toString());
    SwapLimits limits = SwapLimits.DEFAULT.withVerify(true).withDowntime(DOWNTIME);
    SwapPlan plan = swaps.plan(region.id(), changes, limits);
    out.println("  plan: " + SwapWords.expected(plan));
    long before = System.nanoTime();
    SwapReport end = await(swaps.start(region.id(), changes, limits));
    if (end.phase() != SwapPhase.DONE) {
      throw new DemoException(SwapWords.line(end));
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
  }

  private SwapReport await(RunningSwap swap) throws InterruptedException {
    SwapReport report = swap.report();
    long limit = System.nanoTime() + SWAP_LIMIT.toNanos();
    while (!report.phase().isEnd() && System.nanoTime() < limit) {
      SwapReport next = swap.await(LOOK_EVERY);
      if (next.phase() != report.phase() || next.round() != report.round()) {
        out.println("  " + SwapWords.line(next));
      }
      report = next;
    }
    return report;
  }

  /**
   * Checks that the output is still being read; otherwise nobody waits for the rest of the demo.
   */
  private void requireReader() throws DemoException {
    if (out.checkError()) {
      throw new DemoException("nobody reads its output");
    }
  }

  private void change(String what, String name, Guest guest, MemoryDevice nvdimm)
      throws BundleException, InterruptedException, DemoException {
    requireReader();
    Bundle bundle = bundle(name);
    long before = System.nanoTime();
    if (what.equals("stop")) {
      bundle.stop();
    } else {
      bundle.start();
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
    line(what + " " + name + " (" + millis + " ms)", nvdimm.region());
    guest.awaitMoreWrites(WRITES_BETWEEN_CHANGES);
  }

  private void line(String what, MemoryRegion region) {
    out.printf(
        Locale.ROOT,
        "  %-36s %-9s granularity %s%n",
        what,
        region.state().name().toLowerCase(Locale.ROOT),
        region.durability().obtained());
  }

  private Bundle bundle(String symbolicName) throws DemoException {
    for (Bundle bundle : context.getBundles()) {
      if (symbolicName.equals(bundle.getSymbolicName())) {
        return bundle;
      }
    }
    throw new DemoException("the bundle " + symbolicName + " is not installed");
  }
}
