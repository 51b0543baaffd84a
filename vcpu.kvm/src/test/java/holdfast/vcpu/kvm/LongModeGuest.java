package holdfast.vcpu.kvm;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.vcpu.api.VcpuException;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/**
 * The least that a CPU of x86-64 needs to run code of 64 bits: tables in the first 64 KiB of the
 * guest's RAM, and registers that point to them. The guest sees its first 5 GiB at their physical
 * addresses, can access all of it and use all ports, at the lowest privilege level (CPL 3). An
 * exception shuts it down, since there are no handlers.
 *
 * <p>It runs at CPL 3 since some hosts' KVM has no virtualization by hardware, and emulates
 * instruction by instruction what is not code of 64 bits there. Sources: Intel's manual, volume 3,
 * "4-Level Paging", "Segment Descriptors", "TSS Descriptor in 64-bit mode", "I/O Permission Bit
 * Map".
 */
final class LongModeGuest {
  /** Where code goes. */
  static final long CODE = 0x1_0000;

  /** The end of a stack, which is below. */
  static final long STACK = 0x3_0000;

  /** Free RAM from here on. */
  static final long DATA = 0x10_0000;

  /** Where an NVDIMM is in QEMU's {@code pc} with less than 3 GiB of RAM. */
  static final long NVDIMM = 0x1_0000_0000L;

  /** An address without memory that the guest can reach. */
  static final long NOWHERE = 0xd000_0000L;

  private static final long PML4 = 0x1000;
  private static final long DIRECTORY_POINTERS = 0x2000;
  private static final long DIRECTORIES = 0x3000; // five of them
  private static final long GDT = 0x8000;
  private static final long TSS = 0xa000;

  private static final int GIGABYTES = 5;
  private static final long PRESENT_WRITABLE_USER = 7;
  private static final long LARGE = 0x80;

  /** The task state segment, and behind it a bit for each port and one byte of ones. */
  private static final int TSS_LENGTH = 0x68;

  private static final int PORT_BITS = 65536 / 8;

  private LongModeGuest() {}

  /** Puts the tables and {@code code}, in hexadecimal, into the guest's RAM. */
  static void load(GuestMemory memory, String code) {
    put(memory, PML4, DIRECTORY_POINTERS | PRESENT_WRITABLE_USER);
    for (long gigabyte = 0; gigabyte < GIGABYTES; gigabyte++) {
      long directory = DIRECTORIES + gigabyte * 0x1000;
      put(memory, DIRECTORY_POINTERS + gigabyte * 8, directory | PRESENT_WRITABLE_USER);
      for (long i = 0; i < 512; i++) {
        long address = gigabyte << 30 | i << 21; // pages of 2 MiB
        put(memory, directory + i * 8, address | LARGE | PRESENT_WRITABLE_USER);
      }
    }
    put(memory, GDT, 0);
    put(memory, GDT + 8, 0x00af_fb00_0000_ffffL); // code of 64 bits, DPL 3
    put(memory, GDT + 16, 0x00cf_f300_0000_ffffL); // data, DPL 3
    // where the bits of the ports begin; all are 0 in new memory: each port is allowed
    memory.setShort(new GuestAddress(TSS + 0x66), (short) TSS_LENGTH, LITTLE_ENDIAN);
    memory.setByte(new GuestAddress(TSS + TSS_LENGTH + PORT_BITS), (byte) 0xff);
    memory.write(new GuestAddress(CODE), bytes(code));
  }

  private static void put(GuestMemory memory, long address, long value) {
    memory.setLong(new GuestAddress(address), value, LITTLE_ENDIAN);
  }

  private static MemorySegment bytes(String code) {
    return MemorySegment.ofArray(HexFormat.of().parseHex(code.replace(" ", "")));
  }

  /** Has a vCPU run the code from its first byte at privilege level {@code level}, 0 or 3. */
  static void prepare(KvmVcpu cpu, int level, Registers registers) throws VcpuException {
    Segment data = Segment.data(16 | level, level);
    SystemRegisters system =
        cpu.systemRegisters()
            .with(SegmentRegister.CS, Segment.code64(8 | level, level))
            .with(SegmentRegister.DS, data)
            .with(SegmentRegister.ES, data)
            .with(SegmentRegister.FS, data)
            .with(SegmentRegister.GS, data)
            .with(SegmentRegister.SS, data)
            .with(SegmentRegister.TR, Segment.task64(24, TSS, TSS_LENGTH + PORT_BITS))
            .withGdt(new SystemRegisters.Table(GDT, 23))
            .withIdt(new SystemRegisters.Table(0, 0))
            // protection, paging, and the coprocessor's bits for SSE
            .with(ControlRegister.CR0, 0x8005_0033L)
            .with(ControlRegister.CR3, PML4)
            // PAE, SSE with its exceptions, XSAVE
            .with(ControlRegister.CR4, 0x4_0620)
            // long mode, and active
            .with(ControlRegister.EFER, 0x500);
    cpu.setSystemRegisters(system);
    cpu.setRegisters(
        registers.with(Register.RIP, CODE).with(Register.RSP, STACK).with(Register.RFLAGS, 2));
  }
}
