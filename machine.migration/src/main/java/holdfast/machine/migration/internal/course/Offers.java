package holdfast.machine.migration.internal.course;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.handover.HandedOver;
import holdfast.machine.migration.internal.peer.Offer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;

/** Says what a machine has. */
public final class Offers {
  private Offers() {}

  /**
   * Returns what a machine has to send, or takes in.
   *
   * @param proofHash empty of a destination
   * @param handed tells which memory both sides have
   * @throws IOException if it can't be found out what that is
   */
  public static Offer of(
      Machine machine, UUID id, String proofHash, States states, Predicate<Region> handed)
      throws IOException {
    MemoryLayout layout = machine.layout();
    List<MemoryDevice> devices = machine.memory().devices();
    List<Offer.Block> blocks = new ArrayList<>();
    for (Backend backend : machine.backends()) {
      blocks.add(block(backend.region(), handed));
    }
    return new Offer(
        id,
        proofHash,
        machine.type().label(),
        devices.isEmpty() ? 0 : devices.getFirst().address().value(),
        layout.ram().bytes(),
        blocks,
        devices.stream().map(Offers::device).toList(),
        states.offered());
  }

  private static Offer.Block block(Region region, Predicate<Region> handed) throws IOException {
    return new Offer.Block(
        region.id().value(),
        region.size().bytes(),
        region.spec().has(RamFlag.RAM_READONLY),
        region.durability().obtained() != Granularity.NONE,
        handed.test(region) ? HandedOver.place(region) : "");
  }

  private static Offer.Device device(MemoryDevice one) {
    return new Offer.Device(
        one.id(),
        one.driver().label(),
        one.region().id().value(),
        one.address().value(),
        one.size().bytes(),
        one.labelSize().bytes(),
        one.slot(),
        one.node());
  }
}
