package holdfast.itest.dax;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.unicorn.Architecture;
import holdfast.vcpu.unicorn.RiscvRegister;
import holdfast.vcpu.unicorn.UnicornVcpu;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * A RISC-V CPU that Unicorn emulates: its code fetches the record from RAM, word by word, stores it
 * into the NVDIMM, and tells a device that it is there, as a guest does that has its flushes made.
 */
final class CpuStores implements RecordStores {
  /** Where the guest tells that a record is stored: no memory is there. */
  private static final GuestAddress FLUSH = new GuestAddress(0xfee0_0000L);

  /** Where in RAM the record is, a page behind the code. */
  private static final long SOURCE = 4096;

  private static final int A0 = 10;
  private static final int A1 = 11;
  private static final int A2 = 12;
  private static final int T0 = 5;
  private static final int FENCE = 0x0ff0_000f;

  private final GuestMemory memory;
  private final GuestAddress code;
  private final UnicornVcpu cpu;

  private CpuStores(GuestMemory memory, UnicornVcpu cpu) {
    this.memory = memory;
    this.code = memory.devices().getFirst().address();
    this.cpu = cpu;
  }

  /** Makes the CPU, with its code in the first page of RAM. */
  static CpuStores on(GuestMemory memory) throws VcpuException {
    CpuStores stores =
        new CpuStores(memory, UnicornVcpu.open(memory, Architecture.RISCV64, "record-cpu"));
    int[] program = program();
    for (int i = 0; i < program.length; i++) {
      memory.setInt(stores.code.plus(4L * i), program[i], LITTLE_ENDIAN);
    }
    return stores;
  }

  /** The record from a1 to a0, then a word to a2. */
  private static int[] program() {
    IntStream words =
        IntStream.range(0, GuestRecord.SIZE / Long.BYTES)
            .flatMap(word -> IntStream.of(load(T0, A1, 8 * word), store(T0, A0, 8 * word)));
    return IntStream.concat(words, IntStream.of(FENCE, store(T0, A2, 0))).toArray();
  }

  /** ld, as the RISC-V manual writes it down. */
  private static int load(int into, int base, int offset) {
    return offset << 20 | base << 15 | 3 << 12 | into << 7 | 0x03;
  }

  /** sd. */
  private static int store(int from, int base, int offset) {
    return offset >> 5 << 25 | from << 20 | base << 15 | 3 << 12 | (offset & 31) << 7 | 0x23;
  }

  @Override
  public void store(GuestAddress address, MemorySegment record) throws VcpuException {
    GuestAddress source = code.plus(SOURCE);
    memory.write(source, record);
    cpu.write(RiscvRegister.PC, code.value());
    cpu.write(RiscvRegister.X10, address.value());
    cpu.write(RiscvRegister.X11, source.value());
    cpu.write(RiscvRegister.X12, FLUSH.value());
    VcpuExit exit = cpu.run();
    if (!(exit instanceof VcpuExit.MmioWrite(GuestAddress at, int _, long _) && at.equals(FLUSH))) {
      throw new IllegalStateException("the CPU did not store the record, but: " + exit);
    }
  }

  @Override
  public void close() {
    cpu.close();
  }
}
