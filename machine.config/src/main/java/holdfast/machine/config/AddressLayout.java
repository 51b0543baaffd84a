package holdfast.machine.config;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a machine's memory is among its guest addresses. A {@link MachineType} has the layouts that
 * QEMU has; an emulator of another machine makes its own with {@link #of(List, GuestRange)} and
 * gives it to {@link MachineSpec#withLayout}.
 *
 * <p>All ranges begin and end at multiples of 4 KiB, none overlaps another, and all are below 2^56,
 * which is as much as any processor addresses (RISC-V; x86 and ARM have 52 bits at most).
 *
 * @param ram the pieces of the base RAM, at least one, in the order in which the bytes of its
 *     memory backend fill them
 * @param devices where memory devices are plugged; empty if none can be. Each gets an address that
 *     is a multiple of its backend's alignment, so a range that begins at a multiple of the largest
 *     one, such as 1 GiB, wastes nothing
 */
public record AddressLayout(List<RamPiece> ram, Optional<GuestRange> devices) {
  private static final Alignment PAGE = new Alignment(4096);
  private static final int ADDRESS_BITS = 56;
  private static final GuestAddress LIMIT = new GuestAddress((1L << ADDRESS_BITS) - 1);

  /**
   * A piece of the base RAM.
   *
   * @param id the id of its device, which no operator can give: it has a colon
   */
  public record RamPiece(String id, GuestRange range) {

    /** Returns a piece whose id has its address, such as {@code ram:0x80000000}. */
    static RamPiece at(GuestRange range) {
      return new RamPiece("ram:" + range.first(), range);
    }

    /** Returns the number of its bytes. */
    public ByteSize size() {
      return sizeOf(range);
    }

    @Override
    public String toString() {
      return "base RAM " + range;
    }
  }

  /**
   * @throws IllegalArgumentException if the ranges are not as this record promises; the message is
   *     one sentence that names them
   */
  public AddressLayout {
    ram = List.copyOf(ram);
    if (ram.isEmpty()) {
      throw new IllegalArgumentException(
          "an address layout without base RAM: give it at least one piece");
    }
    ram.forEach(piece -> check(piece.toString(), piece.range()));
    devices.ifPresent(range -> check("the range for devices " + range, range));
    for (int one = 0; one < ram.size(); one++) {
      for (RamPiece other : ram.subList(one + 1, ram.size())) {
        checkApart(ram.get(one), other.toString(), other.range());
      }
      if (devices.isPresent()) {
        checkApart(ram.get(one), "the range for devices " + devices.get(), devices.get());
      }
    }
  }

  private static void check(String what, GuestRange range) {
    if (range.last().compareTo(LIMIT) > 0) {
      throw new IllegalArgumentException(
          what
              + " ends above "
              + LIMIT
              + ", the last address of "
              + ADDRESS_BITS
              + " bits: put it lower, or make it smaller");
    }
    if (!range.first().isAligned(PAGE) || !PAGE.divides(range.last().value() + 1)) {
      throw new IllegalArgumentException(
          what
              + " has parts of pages: begin it at a multiple of "
              + PAGE.bytes()
              + " and give it a size that is one");
    }
  }

  private static void checkApart(RamPiece piece, String what, GuestRange range) {
    if (piece.range().overlaps(range)) {
      throw new IllegalArgumentException(
          piece + " and " + what + " overlap: put them where they have no address in common");
    }
  }

  /**
   * Returns a layout without a range for devices.
   *
   * @throws IllegalArgumentException as for {@link #of(List, GuestRange)}
   */
  public static AddressLayout of(List<GuestRange> ram) {
    return new AddressLayout(ram.stream().map(RamPiece::at).toList(), Optional.empty());
  }

  /**
   * Returns a layout with a range for devices.
   *
   * @param ram the pieces of the base RAM, at least one, in the order in which its bytes fill them
   * @throws IllegalArgumentException if a range has parts of pages or ends above 2^56, or two
   *     overlap; the message is one sentence that names them
   */
  public static AddressLayout of(List<GuestRange> ram, GuestRange devices) {
    return new AddressLayout(ram.stream().map(RamPiece::at).toList(), Optional.of(devices));
  }

  /** Returns the size of the base RAM: of all its pieces. */
  public ByteSize ramSize() {
    return new ByteSize(ram.stream().mapToLong(piece -> piece.size().bytes()).sum());
  }

  /** Returns the size of the range for devices, 0 if there is none. */
  public ByteSize deviceSize() {
    return devices.map(AddressLayout::sizeOf).orElse(ByteSize.ZERO);
  }

  /** Returns the ranges, for messages. */
  @Override
  public String toString() {
    return String.join(
        ", ",
        Stream.concat(
                ram.stream().map(RamPiece::toString),
                devices.stream().map(range -> "devices " + range))
            .toList());
  }

  private static ByteSize sizeOf(GuestRange range) {
    return new ByteSize(range.last().offsetFrom(range.first()) + 1);
  }
}
