package holdfast.examples.demo;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.Ownership;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryDevice;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/**
 * What the second process does: it takes the guest in, lets it go on for a while, and checks every
 * byte that it wrote in both.
 */
final class Arrival {
  private static final Duration LOOK_EVERY = Duration.ofMillis(10);

  private final BundleContext context;
  private final GuestMemory memory;
  private final MachineAdmin admin;
  private final PrintStream out = System.out;

  Arrival(BundleContext context, GuestMemory memory, MachineAdmin admin) {
    this.context = context;
    this.memory = memory;
    this.admin = admin;
  }

  /** Says in its first line where it waits, and in the others what it found. */
  void show(MemoryDevice nvdimm)
      throws DemoException, AdminException, PersistException, IOException, InterruptedException {
    String address = admin.migration().status().address();
    if (address.isEmpty()) {
      throw new DemoException("nobody can send a guest to the second process");
    }
    try (Guest guest = new Guest(memory, nvdimm)) {
      ServiceRegistration<GuestWriter> writer =
          context.registerService(GuestWriter.class, guest, null);
      ServiceRegistration<DeviceState> state =
          context.registerService(DeviceState.class, guest, null);
      try {
        guest.start();
        out.println(address);
        awaitGuest();
        long came = guest.writes();
        guest.awaitMoreWrites(Demo.WRITES_BETWEEN_CHANGES);
        guest.stop();
        check(guest, nvdimm, came);
      } finally {
        guest.close();
        writer.unregister();
        state.unregister();
      }
    }
  }

  /** Waits until the guest is here. If it doesn't come, who sends it ends, and so does this. */
  private void awaitGuest() throws DemoException, InterruptedException {
    ProcessHandle sender =
        ProcessHandle.current()
            .parent()
            .orElseThrow(() -> new DemoException("who sends the guest has ended"));
    while (admin.status().ownership() != Ownership.OWNER) {
      if (!sender.isAlive()) {
        throw new DemoException("who sends the guest has ended");
      }
      Thread.sleep(LOOK_EVERY);
    }
  }

  private void check(Guest guest, MemoryDevice nvdimm, long came)
      throws DemoException, PersistException, IOException {
    out.printf(
        Locale.ROOT,
        "guest: %,d blocks of 4 KiB written and read back in both processes, %,d of them in the"
            + " second, none wrong%n",
        guest.writes(),
        guest.writes() - came);
    out.printf(
        Locale.ROOT,
        "memory: %,d bytes checked in the second, every one as the guest left it%n",
        guest.checkMemory());
    Granularity held = memory.persist(nvdimm.address(), nvdimm.size());
    out.printf(Locale.ROOT, "persist: all that the guest sees, granularity %s%n", held);
    Path file = Path.of(nvdimm.region().backing());
    out.printf(
        Locale.ROOT,
        "file: %,d bytes of %s checked, every one there%n",
        guest.checkFile(file),
        file);
  }
}
