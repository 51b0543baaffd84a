package holdfast.vcpu.kvm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The registers that say how a CPU translates addresses and what it may do: segments, tables and
 * control registers. Immutable. Those of a new vCPU are as after a reset, in real mode: get them,
 * and change what is to be otherwise.
 */
public final class SystemRegisters {
  /** The length of {@code struct kvm_sregs}. */
  static final int LENGTH = 312;

  private static final int GDT = 192;
  private static final int IDT = 208;

  private final byte[] bytes;

  /** Takes a {@code struct kvm_sregs} over. */
  SystemRegisters(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Where a table of descriptors is. */
  public record Table(long base, int limit) {}

  byte[] bytes() {
    return bytes.clone();
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns what a segment register holds. */
  public Segment get(SegmentRegister register) {
    return Segment.get(view(bytes), register.offset());
  }

  /** Returns the same with another segment. */
  public SystemRegisters with(SegmentRegister register, Segment segment) {
    byte[] changed = bytes.clone();
    segment.put(view(changed), register.offset());
    return new SystemRegisters(changed);
  }

  /** Returns the value of a control register. */
  public long get(ControlRegister register) {
    return view(bytes).getLong(register.offset());
  }

  /** Returns the same with another value of a control register. */
  public SystemRegisters with(ControlRegister register, long value) {
    byte[] changed = bytes.clone();
    view(changed).putLong(register.offset(), value);
    return new SystemRegisters(changed);
  }

  /** Returns where the global descriptor table is. */
  public Table gdt() {
    return table(GDT);
  }

  /** Returns the same with another global descriptor table. */
  public SystemRegisters withGdt(Table table) {
    return with(GDT, table);
  }

  /** Returns where the interrupt descriptor table is. */
  public Table idt() {
    return table(IDT);
  }

  /** Returns the same with another interrupt descriptor table. */
  public SystemRegisters withIdt(Table table) {
    return with(IDT, table);
  }

  private Table table(int at) {
    ByteBuffer view = view(bytes);
    return new Table(view.getLong(at), Short.toUnsignedInt(view.getShort(at + 8)));
  }

  private SystemRegisters with(int at, Table table) {
    byte[] changed = bytes.clone();
    view(changed).putLong(at, table.base()).putShort(at + 8, (short) table.limit());
    return new SystemRegisters(changed);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SystemRegisters registers && Arrays.equals(bytes, registers.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }
}
