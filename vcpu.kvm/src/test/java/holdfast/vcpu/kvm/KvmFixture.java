package holdfast.vcpu.kvm;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assumptions.abort;

import holdfast.backend.api.BackendId;
import holdfast.machine.admin.AdminException;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapReport;
import holdfast.machine.core.Holdfast;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.EngineRefusedException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * A machine with 16 MiB of RAM and an NVDIMM {@code nv} in a file, and a CPU on it. Skips the test
 * where there is no KVM.
 */
final class KvmFixture implements AutoCloseable {
  static final long SIZE = 4 << 20;
  private static final Duration LONG = Duration.ofSeconds(60);

  final Holdfast machine;
  final KvmMachine kvm;
  final KvmVcpu cpu;

  /**
   * @param nv the options of the NVDIMM's memory backend behind its id and size
   * @param code what the guest runs, in hexadecimal
   */
  KvmFixture(String nv, String code, Registers registers) throws Exception {
    this(nv, code, 3, registers);
  }

  KvmFixture(String nv, String code, int level, Registers registers) throws Exception {
    machine = open(nv);
    try {
      kvm = kvm(machine.memory());
      LongModeGuest.load(machine.memory(), code);
      cpu = kvm.vcpu("cpu0");
      LongModeGuest.prepare(cpu, level, registers);
      machine.addWriter(cpu.writer());
    } catch (Throwable e) {
      machine.close();
      throw e;
    }
  }

  /** A machine that waits for its guest, and its CPU, which has no state yet. */
  private KvmFixture(Holdfast machine) throws Exception {
    this.machine = machine;
    try {
      kvm = kvm(machine.memory());
      cpu = kvm.vcpu("cpu0");
    } catch (Throwable e) {
      machine.close();
      throw e;
    }
  }

  /** Waits at {@code address} for the guest of another machine. */
  static KvmFixture incoming(String nv, String address) throws Exception {
    KvmFixture fixture = new KvmFixture(open(nv, "-incoming", address));
    fixture.machine.addDeviceState(fixture.cpu.state());
    fixture.machine.addWriter(fixture.cpu.writer());
    return fixture;
  }

  static Holdfast open(String nv, String... more) throws Exception {
    List<String> options =
        new ArrayList<>(
            List.of(
                "-machine", "pc,nvdimm=on",
                "-m", "16M,slots=4,maxmem=1G",
                "-object", nv.replace("TYPE,", "memory-backend-file,id=nv,size=4M,share=on,"),
                "-device", "nvdimm,id=nv0,memdev=nv,unarmed=on"));
    options.addAll(List.of(more));
    return Holdfast.open(options.toArray(String[]::new));
  }

  /** The option for an NVDIMM in {@code file}. */
  static String file(Path file) {
    return "TYPE,mem-path=" + file;
  }

  static KvmMachine kvm(GuestMemory memory) throws VcpuException {
    try {
      return KvmMachine.open(memory);
    } catch (EngineMissingException | EngineRefusedException e) {
      return abort("no guest code can be run here: " + e.getMessage());
    }
  }

  MemoryRegion region() {
    return machine.region("nv").orElseThrow();
  }

  /** Plugs another NVDIMM, of 4 MiB in {@code file}. */
  void plug(String id, Path file) throws AdminException {
    machine
        .admin()
        .addObject(
            "memory-backend-file",
            Map.of("id", "of-" + id, "size", "4M", "share", "on", "mem-path", file.toString()));
    machine.admin().plug("nvdimm", Map.of("id", id, "memdev", "of-" + id));
  }

  void unplug(String id) throws AdminException {
    machine.admin().unplug(id);
  }

  /** Runs the guest once in this thread, and expects such an exit. */
  <T extends VcpuExit> T expect(Class<T> exit) {
    return assertInstanceOf(exit, cpu.run());
  }

  /** Runs the guest in a thread of its own until its next exit. */
  Future<VcpuExit> start() {
    return start(cpu::run);
  }

  static <T> Future<T> start(Callable<T> what) {
    FutureTask<T> task = new FutureTask<>(what);
    Thread.ofPlatform().daemon().name("vcpu").start(task);
    return task;
  }

  SwapReport swap(Map<String, String> changes) throws Exception {
    RunningSwap swap =
        machine
            .swaps()
            .start(
                new BackendId("nv"),
                changes,
                SwapLimits.DEFAULT
                    .withDowntime(Duration.ofSeconds(10))
                    .withPause(Duration.ofSeconds(10))
                    .withOverwrite(true));
    return swap.await(LONG);
  }

  /** The numbers in a file, as another process would read them. */
  static long[] numbers(Path file, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count * 8).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
    }
    long[] numbers = new long[count];
    bytes.flip().asLongBuffer().get(numbers);
    return numbers;
  }

  @Override
  public void close() {
    cpu.interrupt();
    kvm.close();
    machine.close();
  }
}
