package holdfast.machine.config;

import holdfast.backend.api.ByteSize;

/**
 * The kinds of machine, as far as they concern memory. Base RAM that would reach into the addresses
 * below 4 GiB where devices' registers are is split: a lower part at address 0, and the rest at 4
 * GiB.
 *
 * <p>The numbers are those of QEMU's current machine types without {@code max-ram-below-4g} (10.1,
 * {@code hw/i386/pc_piix.c} and {@code hw/i386/pc_q35.c}). QEMU moves the upper part to 1 TiB for
 * guests with an AMD CPU whose addresses would reach 0xfd00000000; that isn't done here, since no
 * CPU is known here.
 */
public enum MachineType {
  /** i440FX: of RAM of 3.5 GiB or more, 3 GiB are below 4 GiB. */
  PC("pc", 0xe000_0000L, 0xc000_0000L),

  /** Q35: of RAM of 2.75 GiB or more, 2 GiB are below 4 GiB. */
  Q35("q35", 0xb000_0000L, 0x8000_0000L);

  private final String label;
  private final long splitFrom;
  private final long below;

  MachineType(String label, long splitFrom, long below) {
    this.label = label;
    this.splitFrom = splitFrom;
    this.below = below;
  }

  /** How much of the base RAM is at address 0, and how much at 4 GiB. */
  public record RamSplit(ByteSize below4g, ByteSize above4g) {}

  public RamSplit split(ByteSize ram) {
    if (ram.bytes() < splitFrom) {
      return new RamSplit(ram, ByteSize.ZERO);
    }
    return new RamSplit(new ByteSize(below), new ByteSize(ram.bytes() - below));
  }

  /** Returns the name in {@code -machine}: {@code pc}, {@code q35}. */
  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
