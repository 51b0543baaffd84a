package holdfast.machine.acpi;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.NvdimmPersistence;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the tables say of the machine itself. It does not change while a guest runs.
 *
 * @param slots how many memory devices the machine can have, 0 to {@value #MAX_SLOTS}. Each has an
 *     ACPI device, whether something is plugged there or not; without slots there is no SSDT
 * @param page the guest address of the page that guest and host share, a multiple of {@value
 *     #PAGE_SIZE} below 4 GiB. The guest's map of memory must list it as reserved or as ACPI NVS.
 *     {@link GuestAddress#ZERO} if the firmware puts the address into the SSDT
 * @param port the I/O port to which the guest writes the page's address, four bytes
 * @param persistence how far stores have to go, if the guest is to be told
 * @param fitEvent the number of the general-purpose event by which the emulator tells of another
 *     NFIT, if the SSDT is to handle it
 * @param healthEvent the number of the general-purpose event by which the emulator tells of an
 *     NVDIMM's health, if the SSDT is to handle it
 */
public record NvdimmPlatform(
    int slots,
    GuestAddress page,
    int port,
    Optional<NvdimmPersistence> persistence,
    OptionalInt fitEvent,
    OptionalInt healthEvent) {
  /** The greatest number of slots, QEMU's of a PC. */
  public static final int MAX_SLOTS = 256;

  /** The size of the shared page in bytes. */
  public static final int PAGE_SIZE = 4096;

  /** QEMU's I/O port. */
  public static final int PORT = 0x0A18;

  private static final long PAGE_LIMIT = 1L << 32;
  private static final int EVENT_LIMIT = 0xFF;

  /**
   * @throws IllegalArgumentException if a value is out of its range, or both events are the same
   */
  public NvdimmPlatform {
    check(0 <= slots && slots <= MAX_SLOTS, "slots=" + slots + " is not 0 to " + MAX_SLOTS);
    check(
        Long.compareUnsigned(page.value(), PAGE_LIMIT) < 0 && page.value() % PAGE_SIZE == 0,
        "the shared page can't be at " + page + ": a multiple of 4096 below 4 GiB can");
    check(0 <= port && port <= 0xFFFC, "an I/O port of four bytes can't be at " + port);
    checkEvent(fitEvent);
    checkEvent(healthEvent);
    check(
        fitEvent.isEmpty() || !fitEvent.equals(healthEvent),
        "one event can't tell of the NFIT and of health");
  }

  private static void checkEvent(OptionalInt event) {
    event.ifPresent(
        number -> check(0 <= number && number <= EVENT_LIMIT, "there is no event " + number));
  }

  private static void check(boolean good, String complaint) {
    if (!good) {
      throw new IllegalArgumentException(complaint);
    }
  }

  /** Returns a platform with QEMU's port, which tells of no persistence and handles no event. */
  public static NvdimmPlatform of(int slots, GuestAddress page) {
    return new NvdimmPlatform(
        slots, page, PORT, Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
  }

  /** Returns this platform with another I/O port. */
  public NvdimmPlatform withPort(int other) {
    return new NvdimmPlatform(slots, page, other, persistence, fitEvent, healthEvent);
  }

  /** Returns this platform, which tells how far stores have to go. */
  public NvdimmPlatform withPersistence(NvdimmPersistence told) {
    return new NvdimmPlatform(slots, page, port, Optional.of(told), fitEvent, healthEvent);
  }

  /**
   * Returns this platform, whose SSDT handles both events: {@code \_GPE._Exx} with the event's
   * number in hexadecimal, which no other table may have. The second one tells the drivers of all
   * slots, since it doesn't say which NVDIMM it is about; they look themselves. QEMU's event of an
   * NFIT is 4.
   */
  public NvdimmPlatform withEvents(int fit, int health) {
    return new NvdimmPlatform(
        slots, page, port, persistence, OptionalInt.of(fit), OptionalInt.of(health));
  }
}
