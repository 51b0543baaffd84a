package holdfast.machine.config;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.config.MemoryLayoutException.Problem;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a machine as {@code -m} and {@code -machine} describe it, checked. Made by {@link
 * #of}.
 *
 * @param type the kind of machine
 * @param ram the size of the base RAM
 * @param slots how many slots for devices there are, 0 to {@link #MAX_SLOTS}
 * @param maxmem how much base RAM and device memory there can be together, at least {@code ram}
 * @param nvdimm whether {@code nvdimm=on} was given, without which no nvdimm can be plugged
 */
public record MemoryLayout(
    MachineType type, ByteSize ram, int slots, ByteSize maxmem, boolean nvdimm) {

  /** The greatest number of slots. */
  public static final int MAX_SLOTS = 256;

  /** The size of the base RAM if none is given. */
  public static final ByteSize DEFAULT_RAM = ByteSize.mib(128);

  private static final Alignment RAM_UNIT = new Alignment(8192);
  private static final Alignment GUEST_PAGE = new Alignment(4096);
  private static final Alignment GIB = new Alignment(1L << 30);
  private static final long FOUR_GIB = 4L << 30;
  private static final long ADDRESS_LIMIT = 1L << 52;

  /**
   * Checks the values of {@code -m}. The machine returned accepts no nvdimm.
   *
   * @param size base RAM, rounded up to a multiple of 8192; null or 0 for {@link #DEFAULT_RAM}
   * @param slots unsigned, or null if not given
   * @param maxmem null if not given
   * @throws MemoryLayoutException if the values contradict each other or are too large
   */
  public static MemoryLayout of(
      MachineType type, @Nullable ByteSize size, @Nullable Long slots, @Nullable ByteSize maxmem)
      throws MemoryLayoutException {
    ByteSize ram = roundUp(size == null || size.bytes() == 0 ? DEFAULT_RAM : size);
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
      return new MemoryLayout(type, ram, 0, ram, false);
    }
    long count = slots == null ? 0 : slots;
    checkMaxmem(ram, count, maxmem);
    return new MemoryLayout(type, ram, (int) count, maxmem, false);
  }

  private static ByteSize roundUp(ByteSize size) throws MemoryLayoutException {
    if (size.bytes() > ADDRESS_LIMIT - FOUR_GIB) {
      throw new MemoryLayoutException(
          Problem.RAM_TOO_LARGE,
          "the machine's size="
              + size
              + " is more than 52 address bits, the most that an x86 CPU has, can"
              + " reach: give the machine less RAM");
    }
    return new ByteSize(RAM_UNIT.roundUp(size.bytes()));
  }

  private static void checkMaxmem(ByteSize ram, long slots, ByteSize maxmem)
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
    if (maxmem.bytes() > ram.bytes() && !GUEST_PAGE.divides(maxmem.bytes())) {
      throw new MemoryLayoutException(
          Problem.MAXMEM_NOT_PAGES,
          "the machine's maxmem="
              + maxmem
              + " is no multiple of "
              + GUEST_PAGE.bytes()
              + ", the guest's page size: round it to one");
    }
    if (maxmem.bytes() > ADDRESS_LIMIT - FOUR_GIB - (slots + 1) * GIB.bytes()) {
      throw new MemoryLayoutException(
          Problem.MAXMEM_TOO_LARGE,
          "the machine's maxmem="
              + maxmem
              + " is more than 52 address bits, the most that an x86 CPU has, can"
              + " reach: give a smaller one");
    }
  }

  /** Returns a copy in which nvdimms are allowed, or not. */
  public MemoryLayout withNvdimm(boolean on) {
    return new MemoryLayout(type, ram, slots, maxmem, on);
  }

  /** Returns how many bytes all devices can have together. */
  public ByteSize deviceSpace() {
    return new ByteSize(maxmem.bytes() - ram.bytes());
  }

  /**
   * Returns the address range in which devices are plugged. It begins at the first multiple of 1
   * GiB after the base RAM that is not below 4 GiB, and has the size of {@link #deviceSpace()} plus
   * 1 GiB for each slot, so that alignment doesn't use up space. Empty if {@code maxmem} leaves
   * nothing for devices.
   */
  public Optional<GuestRange> deviceMemory() {
    if (maxmem.bytes() == ram.bytes()) {
      return Optional.empty();
    }
    long ramEnd = FOUR_GIB + type.split(ram).above4g().bytes();
    long size = deviceSpace().bytes() + slots * GIB.bytes();
    return Optional.of(GuestRange.of(new GuestAddress(GIB.roundUp(ramEnd)), new ByteSize(size)));
  }
}
