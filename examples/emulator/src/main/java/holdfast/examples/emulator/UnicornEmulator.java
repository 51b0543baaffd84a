package holdfast.examples.emulator;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapReport;
import holdfast.machine.core.Holdfast;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.unicorn.Architecture;
import holdfast.vcpu.unicorn.RiscvRegister;
import holdfast.vcpu.unicorn.UnicornVcpu;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A whole machine on Unicorn: RAM and an NVDIMM from QEMU's options, a RISC-V CPU, one device. Its
 * guest keeps a counter in the NVDIMM, and tells the device of each step, which makes it durable.
 * Kill the process at any moment: the next one counts on from what was told last, or above.
 *
 * <p>Standard input takes an operator's lines: {@code swap FILE} moves the NVDIMM to another file
 * while the guest counts, {@code migrate ADDRESS} sends the guest to another process, which was
 * started with {@code -incoming ADDRESS}; the end of the input, or {@code quit}, ends it.
 *
 * <p>To be read from top to bottom: the machine, the guest, the CPU's loop and the device, the
 * operator. Unicorn is the operator's to install (Debian: {@code apt install libunicorn2}).
 */
final class UnicornEmulator {
  /** Where the guest stores its counter when it shall be durable: no memory is there. */
  private static final GuestAddress FLUSH = new GuestAddress(0x1000_0000);

  /** How many steps are told by one line. */
  private static final int STEPS = 100;

  private final Holdfast machine;
  private final UnicornVcpu cpu;
  private final MemoryDevice nvdimm;
  private long steps;

  private UnicornEmulator(Holdfast machine, UnicornVcpu cpu, MemoryDevice nvdimm) {
    this.machine = machine;
    this.cpu = cpu;
    this.nvdimm = nvdimm;
  }

  /** Opens the machine that the options describe, and runs its guest. */
  public static void main(String[] options) throws Exception {
    // what is closed last comes first: the memory outlives all that uses it
    try (Holdfast machine = Holdfast.open(options);
        UnicornVcpu cpu = UnicornVcpu.open(machine.memory(), Architecture.RISCV64, "cpu0")) {
      UnicornEmulator emulator = new UnicornEmulator(machine, cpu, nvdimm(machine.memory()));
      if (!List.of(options).contains("-incoming")) {
        emulator.loadGuest();
      }
      machine.addDeviceState(cpu.state()); // its registers migrate with the guest
      machine.addWriter(cpu.writer()); // from now on swaps and migrations pause it
      Thread thread = Thread.ofPlatform().name("cpu0").start(emulator::runGuest);
      emulator.obey();
      cpu.interrupt(); // ends its run, or the next one
      thread.join();
      machine.removeWriter(cpu.writer());
    } catch (HoldfastException | GuestMemoryException | IllegalArgumentException e) {
      System.err.println("emulator: " + e.getMessage());
      System.exit(1);
    }
  }

  private static MemoryDevice nvdimm(GuestMemory memory) {
    return memory.devices().stream()
        .filter(device -> device.driver() == DeviceKind.NVDIMM)
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("the guest needs an NVDIMM: -device nvdimm"));
  }

  // ---- the guest ----

  /** It runs with a1 at the counter and a0 at the device. */
  private static final int[] PROGRAM = {
    0x0005b603, // next: ld a2, 0(a1)
    0x00160613, //       addi a2, a2, 1
    0x00c5b023, //       sd a2, 0(a1)
    0x0330000f, //       fence rw, rw
    0x00c53023, //       sd a2, 0(a0)    the device makes it durable, then the guest goes on
    0xfedff06f, //       j next
  };

  private void loadGuest() {
    GuestAddress code = machine.memory().devices().getFirst().address();
    for (int i = 0; i < PROGRAM.length; i++) {
      machine.memory().setInt(code.plus(i * 4L), PROGRAM[i], LITTLE_ENDIAN);
    }
    cpu.write(RiscvRegister.PC, code.value());
    cpu.write(RiscvRegister.X10, FLUSH.value()); // a0
    cpu.write(RiscvRegister.X11, nvdimm.address().value()); // a1
    System.out.println("the counter begins at " + counter());
  }

  private long counter() {
    return machine.memory().getLong(nvdimm.address(), LITTLE_ENDIAN);
  }

  // ---- the CPU's loop, and the device ----

  private void runGuest() {
    try {
      while (true) {
        switch (cpu.run()) {
          case VcpuExit.MmioWrite(GuestAddress address, int _, long value)
              when address.equals(FLUSH) ->
              persist(value);
          // nothing else is on this machine's bus: stores go nowhere, loads have all bits set
          case VcpuExit.MmioWrite _, VcpuExit.MmioRead _ -> {}
          case VcpuExit.PortWrite _, VcpuExit.PortRead _ -> {}
          case VcpuExit.Halted _ -> {}
          case VcpuExit.Interrupted _ -> {
            return; // the operator ends it
          }
          case VcpuExit.Trap(int number) -> {
            System.err.println("emulator: the guest is stopped: it raised exception " + number);
            return;
          }
          case MemoryFault fault -> {
            System.err.println("emulator: the guest is stopped: " + fault.sentence());
            return;
          }
          case Ended end -> {
            System.err.println("emulator: the guest is stopped: " + end.sentence());
            return;
          }
        }
      }
    } catch (HoldfastException | GuestMemoryException e) {
      System.err.println("emulator: the guest is stopped: " + e.getMessage());
    }
  }

  /** What the device does: what it has told is never lost. */
  private void persist(long counted) throws HoldfastException {
    Granularity held = machine.memory().persist(nvdimm.address(), new ByteSize(Long.BYTES));
    if (steps++ % STEPS == 0) {
      System.out.println(counted + " counted, durable at granularity " + held);
    }
  }

  // ---- the operator ----

  private void obey() throws IOException, InterruptedException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
    String line;
    while ((line = lines.readLine()) != null && !line.equals("quit")) {
      String[] words = line.split(" ", 2);
      try {
        if (words.length == 2 && words[0].equals("swap")) {
          swap(words[1]);
        } else if (words.length == 2 && words[0].equals("migrate")) {
          migrate(words[1]);
        } else {
          System.out.println("there are: swap FILE, migrate ADDRESS, quit");
        }
      } catch (HoldfastException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private void swap(String file) throws HoldfastException, InterruptedException {
    BackendId id = nvdimm.region().id();
    SwapLimits limits = SwapLimits.DEFAULT.withDowntime(Duration.ofSeconds(1));
    SwapReport report =
        machine.swaps().start(id, Map.of("mem-path", file), limits).await(Duration.ofMinutes(10));
    System.out.println(
        "swap to "
            + file
            + ": "
            + report.phase()
            + ", paused for "
            + report.pause().toMillis()
            + " ms"
            + (report.reason().isEmpty() ? "" : ": " + report.reason()));
  }

  private void migrate(String address) throws AdminException, InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (var _ = machine.admin().subscribe(event -> whenEnded(event, ended))) {
      machine.admin().migration().migrate(address);
      ended.await();
    }
    MigrationStatus status = machine.admin().migration().status();
    System.out.println(
        status.state() == MigrationState.COMPLETED
            ? "the guest has left for " + address + " at " + counter()
            : "the guest stays: " + status.error().orElse(status.state().label()));
  }

  private static void whenEnded(AdminEvent event, CountDownLatch ended) {
    if (event.change() instanceof AdminEvent.MigrationProgressed(MigrationStatus status)
        && !status.state().isUnderWay()) {
      ended.countDown();
    }
  }
}
