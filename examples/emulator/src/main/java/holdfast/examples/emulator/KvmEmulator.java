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
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.kvm.ControlRegister;
import holdfast.vcpu.kvm.KvmMachine;
import holdfast.vcpu.kvm.KvmVcpu;
import holdfast.vcpu.kvm.Register;
import holdfast.vcpu.kvm.Registers;
import holdfast.vcpu.kvm.Segment;
import holdfast.vcpu.kvm.SegmentRegister;
import holdfast.vcpu.kvm.SystemRegisters;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A whole machine on KVM: RAM and an NVDIMM from QEMU's options, one CPU, one device. Its guest
 * keeps a counter in the NVDIMM, and rings for the device after each step, which makes it durable.
 * Kill the process at any moment: the next one counts on from what was told last, or above.
 *
 * <p>Standard input takes an operator's lines: {@code swap FILE} moves the NVDIMM to another file
 * while the guest counts, {@code migrate ADDRESS} sends the guest to another process, which was
 * started with {@code -incoming ADDRESS}; the end of the input, or {@code quit}, ends it.
 *
 * <p>To be read from top to bottom: the machine, the guest, the CPU's first state, the device, the
 * operator.
 */
final class KvmEmulator {
  /** What the guest writes to when its counter shall be durable. */
  private static final int DOORBELL = 0x10;

  /** How many steps are told by one line. */
  private static final int STEPS = 100;

  private final Holdfast machine;
  private final KvmVcpu cpu;
  private final MemoryDevice nvdimm;
  private long steps;

  private KvmEmulator(Holdfast machine, KvmVcpu cpu, MemoryDevice nvdimm) {
    this.machine = machine;
    this.cpu = cpu;
    this.nvdimm = nvdimm;
  }

  /** Opens the machine that the options describe, and runs its guest. */
  public static void main(String[] options) throws Exception {
    // what is closed last comes first: the memory outlives all that uses it
    try (Holdfast machine = Holdfast.open(options);
        KvmMachine kvm = KvmMachine.open(machine.memory());
        KvmVcpu cpu = kvm.vcpu("cpu0")) {
      KvmEmulator emulator = new KvmEmulator(machine, cpu, nvdimm(machine.memory()));
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

  private static final long CODE = 0x1_0000;

  /** It runs at the lowest privilege level, with rbx at the counter. */
  private static final String PROGRAM =
      """
      48ff03  # next: inc qword [rbx]
      0fae3b  #       clflush [rbx]    enough where the NVDIMM's granularity is a cache line
      0faef8  #       sfence
      e610    #       out 0x10, al     for all others: the doorbell
      ebf3    #       jmp next
      """;

  // Tables that a CPU of 64 bits needs (Intel's manual, volume 3). They map the first 5 GiB as they
  // are, in pages of 2 MiB, for all privilege levels.
  private static final long PAGE_TABLES = 0x1000;
  private static final long DIRECTORY_POINTERS = 0x2000;
  private static final long DIRECTORIES = 0x3000;
  private static final long SEGMENTS = 0x8000;
  private static final long TASK = 0xa000;
  private static final int GIGABYTES = 5;
  private static final long PRESENT_WRITABLE_USER = 7;
  private static final long LARGE_PAGE = 0x80;

  /** The task's segment: its registers, then a bit for each port, 0 where it is allowed. */
  private static final int TASK_REGISTERS = 0x68;

  private static final int TASK_LIMIT = TASK_REGISTERS + 65536 / 8;

  private void loadGuest() throws VcpuException {
    put(PAGE_TABLES, DIRECTORY_POINTERS | PRESENT_WRITABLE_USER);
    for (long gigabyte = 0; gigabyte < GIGABYTES; gigabyte++) {
      long directory = DIRECTORIES + gigabyte * 0x1000;
      put(DIRECTORY_POINTERS + gigabyte * 8, directory | PRESENT_WRITABLE_USER);
      for (long page = 0; page < 512; page++) {
        long address = gigabyte << 30 | page << 21;
        put(directory + page * 8, address | LARGE_PAGE | PRESENT_WRITABLE_USER);
      }
    }
    put(SEGMENTS + 8, 0x00af_fb00_0000_ffffL); // code of 64 bits at level 3
    put(SEGMENTS + 16, 0x00cf_f300_0000_ffffL); // data at level 3
    put(TASK + 0x60, (long) TASK_REGISTERS << 48); // where the ports' bits begin
    put(TASK + TASK_LIMIT, 0xff);
    byte[] program = HexFormat.of().parseHex(PROGRAM.replaceAll("#.*", "").replaceAll("\\s", ""));
    machine.memory().write(new GuestAddress(CODE), MemorySegment.ofArray(program));
    startCpu();
    System.out.println("the counter begins at " + counter());
  }

  private void put(long address, long value) {
    machine.memory().setLong(new GuestAddress(address), value, LITTLE_ENDIAN);
  }

  private void startCpu() throws VcpuException {
    Segment data = Segment.data(16 | 3, 3);
    cpu.setSystemRegisters(
        cpu.systemRegisters()
            .with(SegmentRegister.CS, Segment.code64(8 | 3, 3))
            .with(SegmentRegister.DS, data)
            .with(SegmentRegister.ES, data)
            .with(SegmentRegister.SS, data)
            .with(SegmentRegister.TR, Segment.task64(24, TASK, TASK_LIMIT))
            .withGdt(new SystemRegisters.Table(SEGMENTS, 23))
            .withIdt(new SystemRegisters.Table(0, 0)) // an exception shuts the guest down
            .with(ControlRegister.CR0, 0x8000_0031L) // paging, protection
            .with(ControlRegister.CR3, PAGE_TABLES)
            .with(ControlRegister.CR4, 0x620) // large addresses, SSE
            .with(ControlRegister.EFER, 0x500)); // long mode
    cpu.setRegisters(
        Registers.ZERO.with(Register.RIP, CODE).with(Register.RBX, nvdimm.address().value()));
  }

  private long counter() {
    return machine.memory().getLong(nvdimm.address(), LITTLE_ENDIAN);
  }

  // ---- the CPU's loop, and the device ----

  private void runGuest() {
    try {
      while (true) {
        switch (cpu.run()) {
          case VcpuExit.PortWrite(int port, int _, long _) when port == DOORBELL -> persist();
          // nothing else is on this machine's bus: stores go nowhere, loads have all bits set
          case VcpuExit.PortWrite _, VcpuExit.PortRead _ -> {}
          case VcpuExit.MmioWrite _, VcpuExit.MmioRead _ -> {}
          case VcpuExit.Halted _, VcpuExit.Trap _ -> {}
          case VcpuExit.Interrupted _ -> {
            return; // the operator ends it
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

  /** What the doorbell does: what it has told is never lost. */
  private void persist() throws HoldfastException {
    long counted = counter();
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
