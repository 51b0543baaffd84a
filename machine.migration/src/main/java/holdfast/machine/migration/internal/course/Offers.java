package holdfast.machine.migration.internal.course;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.peer.Offer;
import java.util.List;
import java.util.UUID;

/** Says what a machine has. */
public final class Offers {
  private Offers() {}

  /**
   * Returns what a machine has to send, or takes in.
   *
   * @param proofHash empty of a destination
   */
  public static Offer of(Machine machine, UUID id, String proofHash, States states) {
    MemoryLayout layout = machine.layout();
    List<MemoryDevice> devices = machine.memory().devices();
    return new Offer(
        id,
        proofHash,
        machine.type().label(),
        devices.isEmpty() ? 0 : devices.getFirst().address().value(),
        layout.ram().bytes(),
        machine.backends().stream().map(one -> one.region()).map(Offers::block).toList(),
        devices.stream().map(Offers::device).toList(),
        states.offered());
  }

  private static Offer.Block block(Region region) {
    return new Offer.Block(
        region.id().value(),
        region.size().bytes(),
        region.spec().has(RamFlag.RAM_READONLY),
        region.durability().obtained() != Granularity.NONE);
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
