package holdfast.machine.config;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.config.options.OnOffAuto;
import java.util.Optional;

/**
 * A requested device of a machine.
 *
 * @param driver {@code PC_DIMM} or {@code NVDIMM}
 * @param id its id, if it has one
 * @param name its name in messages: its id, or where it is declared if it has none
 * @param memdev the id of the memory backend that holds its bytes
 * @param addr the guest address, or {@link GuestAddress#ZERO} to have one chosen
 * @param slot the slot, or -1 to have one chosen
 * @param node the guest's NUMA node
 * @param labelSize the size of the label area of an nvdimm, if it has one
 * @param unarmed whether the guest is told that stores into an nvdimm won't persist; {@code AUTO}:
 *     while its own flushes don't make them
 * @param uuid the UUID of an nvdimm, if it was given one
 */
public record DeviceSpec(
    DeviceKind driver,
    Optional<String> id,
    String name,
    String memdev,
    GuestAddress addr,
    int slot,
    long node,
    Optional<ByteSize> labelSize,
    OnOffAuto unarmed,
    Optional<String> uuid) {}
