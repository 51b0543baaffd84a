package holdfast.machine.config;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.config.AddressLayout.RamPiece;
import java.util.List;
import java.util.Optional;

/**
 * The kinds of machine, as far as they concern memory: which {@link AddressLayout} they have.
 *
 * <p>The numbers are those of QEMU's current machine types (10.1, {@code hw/i386/pc_piix.c}, {@code
 * hw/i386/pc_q35.c}, {@code hw/arm/virt.c}). On a PC, base RAM that would reach into the addresses
 * below 4 GiB where devices' registers are is split: a lower part at address 0, and the rest at 4
 * GiB. QEMU's {@code max-ram-below-4g} is not there, and neither is the move of the upper part to 1
 * TiB for guests with an AMD CPU whose addresses would reach 0xfd00000000, since no CPU is known
 * here.
 *
 * <p>In all of them the range for devices begins at the first multiple of 1 GiB behind the base
 * RAM, on a PC not below 4 GiB.
 */
public enum MachineType {
  /** i440FX: of RAM of 3.5 GiB or more, 3 GiB are below 4 GiB. */
  PC("pc", 0xe000_0000L, 0xc000_0000L),

  /** Q35: of RAM of 2.75 GiB or more, 2 GiB are below 4 GiB. */
  Q35("q35", 0xb000_0000L, 0x8000_0000L),

  /**
   * The machine without a model in hardware, of several architectures: all RAM is one piece, at 1
   * GiB as on ARM unless {@code x-ram-base} says otherwise. On RISC-V it is at 2 GiB, where QEMU
   * takes no memory devices; here there is room for them behind the RAM, as on ARM.
   */
  VIRT("virt", 0, 0);

  /** The address of the base RAM of {@link #VIRT} if none is given. */
  public static final GuestAddress DEFAULT_BASE = new GuestAddress(1L << 30);

  private static final long GIB = 1L << 30;
  private static final long FOUR_GIB = 4L << 30;

  private final String label;
  private final long splitFrom;
  private final long below;

  MachineType(String label, long splitFrom, long below) {
    this.label = label;
    this.splitFrom = splitFrom;
    this.below = below;
  }

  /**
   * Returns the addresses of a machine of this kind.
   *
   * @param base the address of the base RAM; only {@link #VIRT} looks at it
   * @param ram the size of the base RAM, a multiple of 4 KiB
   * @param devices the size of the range for devices, 0 for none
   * @throws IllegalArgumentException if addresses of so much memory have more than 56 bits
   */
  AddressLayout layout(GuestAddress base, ByteSize ram, ByteSize devices) {
    List<RamPiece> pieces = pieces(base, ram.bytes());
    long end = pieces.getLast().range().last().value() + 1;
    long behind = (Math.max(end, this == VIRT ? 0 : FOUR_GIB) + GIB - 1) & -GIB;
    return new AddressLayout(
        pieces,
        devices.bytes() == 0
            ? Optional.empty()
            : Optional.of(GuestRange.of(new GuestAddress(behind), devices)));
  }

  private List<RamPiece> pieces(GuestAddress base, long ram) {
    if (this == VIRT) {
      return List.of(RamPiece.at(GuestRange.of(base, new ByteSize(ram))));
    }
    if (ram < splitFrom) {
      return List.of(piece("ram:below-4g", 0, ram));
    }
    return List.of(piece("ram:below-4g", 0, below), piece("ram:above-4g", FOUR_GIB, ram - below));
  }

  private static RamPiece piece(String id, long first, long size) {
    return new RamPiece(id, GuestRange.of(new GuestAddress(first), new ByteSize(size)));
  }

  /** Returns the address from which on all memory has room, whatever its size. */
  long start(GuestAddress base) {
    return this == VIRT ? base.value() : FOUR_GIB;
  }

  /** Returns which processors can have this memory, for messages. */
  String processors() {
    return this == VIRT ? "a CPU of this machine" : "an x86 CPU";
  }

  /** Returns the name in {@code -machine}: {@code pc}, {@code q35}, {@code virt}. */
  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
