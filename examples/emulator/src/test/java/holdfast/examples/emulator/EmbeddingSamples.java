package holdfast.examples.emulator;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.core.Holdfast;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.EngineRefusedException;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.Vcpu;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.kvm.KvmMachine;
import holdfast.vcpu.kvm.KvmVcpu;
import holdfast.vcpu.unicorn.Architecture;
import holdfast.vcpu.unicorn.Arm64Register;
import holdfast.vcpu.unicorn.UnicornVcpu;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** The code of docs/embedding.md. */
final class EmbeddingSamples {
  private EmbeddingSamples() {}

  // ---- memory ----

  /** Keeps host addresses while they are good. */
  static final class HostAddresses implements GuestMemoryListener {
    private final Map<String, Long> byDevice = new ConcurrentHashMap<>();

    @Override
    public void deviceAdded(MemoryDevice device) {
      byDevice.put(device.id(), device.segment().address()); // good until deviceRemoved returns
    }

    @Override
    public void deviceRemoved(MemoryDevice device) {
      byDevice.remove(device.id());
    }

    @Override
    public void regionChanged(MemoryRegion region) {
      if (region.state() == RegionState.FAILED) {
        System.err.println("the guest's bytes in " + region.backing() + " can't be relied on");
      }
    }
  }

  // ---- CPUs ----

  /** The devices of an emulator. */
  interface Devices {
    void out(int port, int width, long value);

    long in(int port, int width);

    void store(GuestAddress address, int width, long value);

    long load(GuestAddress address, int width);

    void awaitInterrupt();
  }

  static void run(Vcpu cpu, Devices devices) {
    while (true) {
      switch (cpu.run()) {
        case VcpuExit.PortWrite out -> devices.out(out.port(), out.width(), out.value());
        case VcpuExit.PortRead in -> in.answer(devices.in(in.port(), in.width()));
        case VcpuExit.MmioWrite store ->
            devices.store(store.address(), store.width(), store.value());
        case VcpuExit.MmioRead load -> load.answer(devices.load(load.address(), load.width()));
        case VcpuExit.Halted _ -> devices.awaitInterrupt();
        case VcpuExit.Trap(int number) -> { // of engines without the guest's tables
          System.err.println("the guest is stopped: it raised exception " + number);
          return; // or set its registers, as its own table says, and go on
        }
        case VcpuExit.Interrupted _ -> {
          return; // somebody called cpu.interrupt()
        }
        case MemoryFault.Unplugged gone -> System.err.println(gone.sentence());
        case MemoryFault.StoredReadOnly dropped -> System.err.println(dropped.sentence());
        case MemoryFault lost -> {
          System.err.println("the guest is stopped: " + lost.sentence());
          return;
        }
        case Ended end -> {
          System.err.println("the guest is stopped: " + end.sentence());
          return;
        }
      }
    }
  }

  static void open(Holdfast machine, Devices devices) throws VcpuException, InterruptedException {
    try (KvmMachine kvm = KvmMachine.open(machine.memory());
        KvmVcpu cpu = kvm.vcpu("cpu0")) {
      machine.addDeviceState(cpu.state());
      machine.addWriter(cpu.writer());
      try {
        Thread thread = Thread.ofPlatform().name("cpu0").start(() -> run(cpu, devices));
        thread.join();
      } finally {
        cpu.interrupt(); // its thread returns from run
        machine.removeWriter(cpu.writer());
        machine.removeDeviceState(cpu.state());
      }
    } catch (EngineMissingException | EngineRefusedException e) {
      System.err.println(e.getMessage()); // another engine may be there
    }
  }

  static void emulate(Holdfast machine, Devices devices, GuestAddress entry) throws VcpuException {
    try (UnicornVcpu cpu = UnicornVcpu.open(machine.memory(), Architecture.ARM64, "cpu0")) {
      cpu.write(Arm64Register.PC, entry.value());
      machine.addDeviceState(cpu.state());
      machine.addWriter(cpu.writer());
      try {
        run(cpu, devices); // in a thread of its own, as above
      } finally {
        machine.removeWriter(cpu.writer());
        machine.removeDeviceState(cpu.state());
      }
    }
  }

  // ---- devices ----

  /** A device in the vCPU's thread: it stores into guest memory when it is told where. */
  static void clock(Vcpu cpu, GuestMemory memory, GuestAddress where) {
    GuestRange time = GuestRange.of(where, new ByteSize(Long.BYTES));
    cpu.store(time, () -> memory.setLong(where, System.nanoTime(), LITTLE_ENDIAN));
  }

  /** A device with a thread of its own is a writer of its own. */
  static final class Disk implements GuestWriter {
    private final Lock transfers = new ReentrantLock();
    private final GuestMemory memory;
    private final FileChannel file;

    Disk(GuestMemory memory, FileChannel file) {
      this.memory = memory;
      this.file = file;
    }

    void read(long position, GuestAddress to, ByteSize size) throws IOException {
      transfers.lock(); // waits in a pause
      try {
        memory.transferFrom(file, position, to, size); // by hardware, if opened so
      } finally {
        transfers.unlock();
      }
    }

    @Override
    public String name() {
      return "disk0";
    }

    @Override
    public boolean pause(Duration limit) throws InterruptedException {
      return transfers.tryLock(limit.toNanos(), java.util.concurrent.TimeUnit.NANOSECONDS);
    }

    @Override
    public void resume() {
      transfers.unlock(); // by the thread that paused
    }
  }

  /** What a guest asks for that wants its stores durable: a doorbell, or a flush by virtio-pmem. */
  static Granularity flush(GuestMemory memory, GuestAddress address, ByteSize size)
      throws PersistException {
    return memory.persist(address, size);
  }

  // ---- state ----

  /** The registers of a device, as they go with the guest. */
  static final class Timer implements DeviceState {
    private long deadline;

    @Override
    public String id() {
      return "timer0";
    }

    @Override
    public int version() {
      return 1;
    }

    @Override
    public void save(OutputStream to) throws IOException {
      new DataOutputStream(to).writeLong(deadline);
    }

    @Override
    public void load(int version, InputStream from) throws IOException {
      deadline = new DataInputStream(from).readLong();
    }
  }
}
