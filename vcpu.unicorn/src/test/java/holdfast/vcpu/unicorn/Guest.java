package holdfast.vcpu.unicorn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Holdfast;
import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * A machine with 2 MiB of RAM and an NVDIMM of 1 MiB in a file, and a vCPU. Code is put 4 KiB into
 * the RAM.
 */
final class Guest implements AutoCloseable {
  static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  /** Where no memory is. */
  static final long DEVICE = 0xfee0_0000L;

  final Path image;
  final Holdfast machine;
  final GuestMemory memory;
  final MemoryDevice nvdimm;
  final GuestAddress ram;
  final GuestAddress code;
  final UnicornVcpu cpu;

  private Guest(Path image, Holdfast machine, UnicornVcpu cpu) {
    this.image = image;
    this.machine = machine;
    this.memory = machine.memory();
    this.ram = memory.devices().getFirst().address();
    this.nvdimm = memory.devices().getLast();
    this.code = ram.plus(0x1000);
    this.cpu = cpu;
    cpu.write(cpu.architecture().counter(), code.value());
  }

  /** Opens one; skips the test where Unicorn is not installed. */
  static Guest open(Path folder, Architecture architecture, String... more) throws Exception {
    return open(folder, architecture, "share=on", more);
  }

  /** Opens one whose NVDIMM has these properties. */
  static Guest open(Path folder, Architecture architecture, String properties, String[] more)
      throws Exception {
    Path image = folder.resolve("nv.img");
    String machine =
        switch (architecture) {
          case X86_64 -> "pc";
          case ARM64 -> "virt";
          case RISCV64 -> "virt,x-ram-base=0x80000000";
        };
    List<String> options =
        new ArrayList<>(
            List.of(
                "-machine",
                machine + ",nvdimm=on",
                "-m",
                "2M,slots=4,maxmem=1G",
                "-object",
                "memory-backend-file,id=nv,size=1M,mem-path=" + image + "," + properties,
                "-device",
                "nvdimm,id=nv0,memdev=nv"
                    + (properties.contains("readonly=on") ? ",unarmed=on" : "")));
    options.addAll(List.of(more));
    Holdfast holdfast = Holdfast.open(options.toArray(String[]::new));
    try {
      return new Guest(image, holdfast, vcpu(holdfast.memory(), architecture));
    } catch (Throwable e) {
      holdfast.close();
      throw e;
    }
  }

  /** Opens a vCPU; skips the test where Unicorn can't be had, unless it has to be. */
  static UnicornVcpu vcpu(GuestMemory memory, Architecture architecture) throws VcpuException {
    try {
      return UnicornVcpu.open(memory, architecture, "cpu0");
    } catch (EngineMissingException | EngineLackingException e) {
      if ("required".equals(System.getProperty("holdfast.test.unicorn"))) {
        throw e;
      }
      return abort(e.getMessage());
    }
  }

  /** Puts code where the vCPU begins: each line has the bytes and, behind a bar, what they are. */
  Guest code(String listing) {
    StringBuilder hex = new StringBuilder();
    for (String line : listing.lines().toList()) {
      int bar = line.indexOf('|');
      hex.append((bar < 0 ? line : line.substring(0, bar)).replaceAll("\\s", ""));
    }
    memory.write(code, MemorySegment.ofArray(HexFormat.of().parseHex(hex)));
    cpu.codeChanged(GuestRange.of(code, ByteSize.kib(4)));
    cpu.write(cpu.architecture().counter(), code.value());
    return this;
  }

  /** Puts words of 32 bits there, as ARM64 and RISC-V have them. */
  Guest words(String listing) {
    StringBuilder bytes = new StringBuilder();
    for (String line : listing.lines().toList()) {
      int word = Integer.parseUnsignedInt(line.substring(0, line.indexOf('|')).strip(), 16);
      bytes.append(HexFormat.of().toHexDigits(Integer.reverseBytes(word)));
    }
    return code(bytes.toString());
  }

  /** Where the vCPU is, from the beginning of the code. */
  long at() {
    return cpu.read(cpu.architecture().counter()) - code.value();
  }

  void set(Register register, long value) {
    cpu.write(register, value);
  }

  void assertRegister(long expected, Register register) {
    assertEquals(Long.toHexString(expected), Long.toHexString(cpu.read(register)), register.name());
  }

  long load(GuestAddress address) {
    return memory.getLong(address, LITTLE);
  }

  /** Runs the vCPU in a thread of its own, until it needs something. */
  Future<VcpuExit> start() {
    FutureTask<VcpuExit> run = new FutureTask<>(cpu::run);
    Thread.ofPlatform().daemon().name("vcpu").start(run);
    return run;
  }

  /** Waits until the first word of the NVDIMM changes. */
  void awaitStores() {
    awaitOther(nvdimm.address(), load(nvdimm.address()));
  }

  /** Waits until a word is another one; fails after 30 s. */
  void awaitOther(GuestAddress address, long before) {
    long end = System.nanoTime() + 30_000_000_000L;
    while (load(address) == before) {
      if (System.nanoTime() > end) {
        fail("the guest stores nothing to " + address);
      }
      Thread.onSpinWait();
    }
  }

  /** What the NVDIMM's file has at an offset, by another open of it. */
  long inFile(long offset) throws IOException {
    return inFile(image, offset, Long.BYTES).getLong(0);
  }

  static ByteBuffer inFile(Path file, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(LITTLE);
    try (FileChannel channel = FileChannel.open(file)) {
      while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) > 0) {
        // until it is full
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    cpu.close();
    machine.close();
  }
}
