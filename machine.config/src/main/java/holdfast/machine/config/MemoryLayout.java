package holdfast.machine.config;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.config.MemoryLayoutException.Problem;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a machine, checked: what {@code -m} and {@code -machine} describe, or an {@link
 * AddressLayout} of the emulator's own.
 *
 * @param addresses where base RAM is and devices are plugged
 * @param ram the size of the base RAM
 * @param slots how many slots for devices there are, 0 to {@link #MAX_SLOTS}
 * @param maxmem how much base RAM and device memory there can be together, at least {@code ram}
 * @param nvdimm whether {@code nvdimm=on} was given, without which no nvdimm can be plugged
 * @param nodes how many NUMA nodes the guest has, 1 to {@link #MAX_NODES}
 * @param persistence how far the guest is told that its stores into NVDIMMs have to go
 */
public record MemoryLayout(
    AddressLayout addresses,
    ByteSize ram,
    int slots,
    ByteSize maxmem,
    boolean nvdimm,
    int nodes,
    Optional<NvdimmPersistence> persistence) {

  /** The greatest number of slots. */
  public static final int MAX_SLOTS = 256;

  /** The greatest number of NUMA nodes, as in QEMU. */
  public static final int MAX_NODES = 128;

  /** The size of the base RAM if none is given. */
  public static final ByteSize DEFAULT_RAM = ByteSize.mib(128);

  private static final Alignment RAM_UNIT = new Alignment(8192);
  private static final Alignment GUEST_PAGE = new Alignment(4096);
  private static final Alignment GIB = new Alignment(1L << 30);
  private static final long ADDRESS_LIMIT = 1L << 52;

  /**
   * Checks the values of {@code -m}, for a machine with its base RAM at the usual address. The
   * machine returned accepts no nvdimm.
   *
   * @param size base RAM, rounded up to a multiple of 8192; null or 0 for {@link #DEFAULT_RAM}
   * @param slots unsigned, or null if not given
   * @param maxmem null if not given
   * @throws MemoryLayoutException if the values contradict each other or are too large
   */
  public static MemoryLayout of(
      MachineType type, @Nullable ByteSize size, @Nullable Long slots, @Nullable ByteSize maxmem)
      throws MemoryLayoutException {
    return of(type, null, size, slots, maxmem);
  }

  /**
   * Checks the values of {@code -m} and {@code x-ram-base}.
   *
   * @param base the address of the base RAM, null if not given
   * @throws MemoryLayoutException if the values contradict each other, are too large, or this kind
   *     of machine has no choice of the address
   */
  static MemoryLayout of(
      MachineType type,
      @Nullable GuestAddress base,
      @Nullable ByteSize size,
      @Nullable Long slots,
      @Nullable ByteSize maxmem)
      throws MemoryLayoutException {
    checkBase(type, base);
    GuestAddress start = base == null ? MachineType.DEFAULT_BASE : base;
    ByteSize ram = roundUp(type, start, size == null || size.bytes() == 0 ? DEFAULT_RAM : size);
    if (maxmem == null) {
      if (slots != null) {
        throw new MemoryLayoutException(
            Problem.SLOTS_WITHOUT_MAXMEM,
            "the machine's slots="
                + Long.toUnsignedString(slots)
                + " needs maxmem=: add maxmem= above the"
                + " size "
                + ram
                + ", as much as RAM and all devices may have together");
      }
      return plain(type.layout(start, ram, ByteSize.ZERO), ram, 0, ram);
    }
    long count = slots == null ? 0 : slots;
    checkMaxmem(type, start, ram, count, maxmem);
    // 1 GiB more for each slot, so that alignment doesn't use up space
    ByteSize space = new ByteSize(maxmem.bytes() - ram.bytes());
    ByteSize devices =
        space.bytes() == 0 ? space : new ByteSize(space.bytes() + count * GIB.bytes());
    return plain(type.layout(start, ram, devices), ram, (int) count, maxmem);
  }

  /**
   * Checks that the values of {@code -m} suit a layout of the emulator's own. All of its range for
   * devices can be plugged. The machine returned accepts no nvdimm.
   *
   * @param size null or the size of the layout's RAM
   * @param slots null for none, which is as good as no range for devices
   * @param maxmem null, or the size of the layout's RAM and range for devices together
   * @throws MemoryLayoutException if they don't suit it
   */
  static MemoryLayout of(
      AddressLayout own, @Nullable ByteSize size, @Nullable Long slots, @Nullable ByteSize maxmem)
      throws MemoryLayoutException {
    ByteSize ram = own.ramSize();
    ByteSize all = new ByteSize(ram.bytes() + own.deviceSize().bytes());
    if (size != null && !size.equals(ram)) {
      throw new MemoryLayoutException(
          Problem.NOT_OF_LAYOUT,
          "the machine's size="
              + size
              + ", but its own address layout has "
              + ram
              + " of RAM: leave size out, or make them the same");
    }
    if (maxmem != null && !maxmem.equals(all)) {
      throw new MemoryLayoutException(
          Problem.NOT_OF_LAYOUT,
          "the machine's maxmem="
              + maxmem
              + ", but its own address layout has "
              + all
              + " for RAM and devices: leave maxmem out, or make them the same");
    }
    long count = slots == null ? 0 : slots;
    checkSlots(ram, count, all);
    return plain(own, ram, (int) count, all);
  }

  private static MemoryLayout plain(
      AddressLayout addresses, ByteSize ram, int slots, ByteSize maxmem) {
    return new MemoryLayout(addresses, ram, slots, maxmem, false, 1, Optional.empty());
  }

  private static void checkBase(MachineType type, @Nullable GuestAddress base)
      throws MemoryLayoutException {
    if (base == null) {
      return;
    }
    if (type != MachineType.VIRT) {
      throw new MemoryLayoutException(
          Problem.BAD_RAM_BASE,
          "the machine's x-ram-base="
              + base
              + " is only for type=virt: the base RAM of "
              + type
              + " is where a PC has it; leave x-ram-base out");
    }
    if (!base.isAligned(GUEST_PAGE)) {
      throw new MemoryLayoutException(
          Problem.BAD_RAM_BASE,
          "the machine's x-ram-base="
              + base
              + " is no multiple of "
              + GUEST_PAGE.bytes()
              + ", the guest's page size: round it to one");
    }
    if (base.value() < 0 || base.value() >= ADDRESS_LIMIT) {
      throw new MemoryLayoutException(
          Problem.BAD_RAM_BASE,
          "the machine's x-ram-base="
              + base
              + " is more than 52 address bits can reach: put the RAM lower");
    }
  }

  private static ByteSize roundUp(MachineType type, GuestAddress base, ByteSize size)
      throws MemoryLayoutException {
    long most = ADDRESS_LIMIT - type.start(base);
    if (size.bytes() > most || RAM_UNIT.roundUp(size.bytes()) > most) {
      throw new MemoryLayoutException(
          Problem.RAM_TOO_LARGE,
          "the machine's size="
              + size
              + " is more than 52 address bits, the most that "
              + type.processors()
              + " has, can reach: give the machine less RAM");
    }
    return new ByteSize(RAM_UNIT.roundUp(size.bytes()));
  }

  private static void checkMaxmem(
      MachineType type, GuestAddress base, ByteSize ram, long slots, ByteSize maxmem)
      throws MemoryLayoutException {
    if (maxmem.bytes() < ram.bytes()) {
      throw new MemoryLayoutException(
          Problem.MAXMEM_BELOW_RAM,
          "the machine's maxmem="
              + maxmem
              + " is below its size "
              + ram
              + ": it counts RAM and all devices"
              + " together, so give at least the size");
    }
    checkSlots(ram, slots, maxmem);
    if (maxmem.bytes() > ram.bytes() && !GUEST_PAGE.divides(maxmem.bytes())) {
      throw new MemoryLayoutException(
          Problem.MAXMEM_NOT_PAGES,
          "the machine's maxmem="
              + maxmem
              + " is no multiple of "
              + GUEST_PAGE.bytes()
              + ", the guest's page size: round it to one");
    }
    if (maxmem.bytes() > ADDRESS_LIMIT - type.start(base) - (slots + 1) * GIB.bytes()) {
      throw new MemoryLayoutException(
          Problem.MAXMEM_TOO_LARGE,
          "the machine's maxmem="
              + maxmem
              + " is more than 52 address bits, the most that "
              + type.processors()
              + " has, can reach: give a smaller one");
    }
  }

  private static void checkSlots(ByteSize ram, long slots, ByteSize maxmem)
      throws MemoryLayoutException {
    if (slots != 0 && maxmem.bytes() == ram.bytes()) {
      throw new MemoryLayoutException(
          Problem.SLOTS_WITHOUT_ROOM,
          "the machine's slots="
              + Long.toUnsignedString(slots)
              + " would stay empty, since maxmem="
              + maxmem
              + " is all RAM: give a greater maxmem= or no slots=");
    }
    if (Long.compareUnsigned(slots, MAX_SLOTS) > 0) {
      throw new MemoryLayoutException(
          Problem.TOO_MANY_SLOTS,
          "the machine's slots="
              + Long.toUnsignedString(slots)
              + " is too many: a machine has at most "
              + MAX_SLOTS);
    }
  }

  /** Returns a copy in which nvdimms are allowed, or not. */
  public MemoryLayout withNvdimm(boolean on) {
    return new MemoryLayout(addresses, ram, slots, maxmem, on, nodes, persistence);
  }

  /** Returns a copy with another number of NUMA nodes. */
  public MemoryLayout withNodes(int count) {
    return new MemoryLayout(addresses, ram, slots, maxmem, nvdimm, count, persistence);
  }

  /** Returns a copy with what the guest is told of how far its stores have to go. */
  public MemoryLayout withPersistence(Optional<NvdimmPersistence> told) {
    return new MemoryLayout(addresses, ram, slots, maxmem, nvdimm, nodes, told);
  }

  /** Returns how many bytes all devices can have together. */
  public ByteSize deviceSpace() {
    return new ByteSize(maxmem.bytes() - ram.bytes());
  }

  /**
   * Returns the address range in which devices are plugged. With a {@link MachineType} it has the
   * size of {@link #deviceSpace()} plus 1 GiB for each slot. Empty if no device can be plugged.
   */
  public Optional<GuestRange> deviceMemory() {
    return addresses.devices();
  }
}
