package holdfast.machine.config;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.config.options.OnOffAuto;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** The types of {@code -device}: their properties, and the request that a device makes. */
public final class DeviceDefinitions {
  /** The factory PID of the configurations of {@code nvdimm}. */
  public static final String NVDIMM_PID = "holdfast.nvdimm";

  /** The factory PID of the configurations of {@code pc-dimm}. */
  public static final String PC_DIMM_PID = "holdfast.pc.dimm";

  private static final PropertyDefinition<String> ID =
      PropertyDefinition.optional(
          "id", PropertyType.identifier(), "the name by which commands refer to it");
  private static final PropertyDefinition<String> MEMDEV =
      PropertyDefinition.required(
          "memdev", PropertyType.identifier(), "the id of the memory backend with its bytes");
  private static final PropertyDefinition<ByteSize> ADDR =
      PropertyDefinition.withDefault(
          "addr", PropertyType.size(), "0", "the guest physical address; 0: the first that fits");
  private static final PropertyDefinition<Long> SLOT =
      PropertyDefinition.withDefault(
          "slot",
          PropertyType.integer(Integer.MIN_VALUE, Integer.MAX_VALUE),
          "-1",
          "the slot; -1: the first that is free");
  private static final PropertyDefinition<Long> NODE =
      PropertyDefinition.withDefault(
          "node", PropertyType.integer(0, 0xFFFF_FFFFL), "0", "the guest's NUMA node");
  private static final PropertyDefinition<ByteSize> LABEL_SIZE =
      PropertyDefinition.optional(
          "label-size",
          PropertyType.size(),
          "the size of the label area at the end of the backend, 128K or more");
  private static final PropertyDefinition<OnOffAuto> UNARMED =
      PropertyDefinition.withDefault(
          "unarmed",
          PropertyType.onOffAuto(),
          "off",
          "tell the guest that stores won't persist; auto: while a flush by the guest does not"
              + " suffice for that");
  private static final PropertyDefinition<String> UUID =
      PropertyDefinition.optional("uuid", PropertyType.text(), "the device's UUID");

  /** {@code nvdimm}. */
  public static final TypeDefinition NVDIMM =
      new TypeDefinition(
          DeviceKind.NVDIMM.label(),
          "a persistent DIMM",
          List.of(ID, MEMDEV, ADDR, SLOT, NODE, LABEL_SIZE, UNARMED, UUID));

  /** {@code pc-dimm}. */
  public static final TypeDefinition PC_DIMM =
      new TypeDefinition(
          DeviceKind.PC_DIMM.label(), "a DIMM of RAM", List.of(ID, MEMDEV, ADDR, SLOT, NODE));

  /** {@code -device}. */
  public static final TypedOption OPTION =
      new TypedOption("-device", "driver", List.of(NVDIMM, PC_DIMM));

  private DeviceDefinitions() {}

  /** Returns the id of the memory backend that a device names. */
  public static String memdev(ParsedObject device) {
    return device.get(MEMDEV);
  }

  /**
   * Returns the device that was asked for.
   *
   * @param name its name in messages if it has no id, such as {@link MachineOptions#name}
   */
  public static DeviceSpec spec(ParsedObject device, String name) {
    boolean nvdimm = device.typeName().equals(NVDIMM.name());
    return new DeviceSpec(
        nvdimm ? DeviceKind.NVDIMM : DeviceKind.PC_DIMM,
        device.id(),
        device.id().orElse(name),
        device.get(MEMDEV),
        new GuestAddress(device.get(ADDR).bytes()),
        Math.toIntExact(device.get(SLOT)),
        device.get(NODE),
        nvdimm ? device.find(LABEL_SIZE) : Optional.empty(),
        nvdimm ? device.get(UNARMED) : OnOffAuto.OFF,
        nvdimm ? device.find(UUID) : Optional.empty());
  }

  /** Returns the items of the option that asks for a device, its driver first. */
  static List<String> items(DeviceSpec device) {
    List<String> items = new ArrayList<>(List.of(device.driver().label()));
    values(device).forEach((name, text) -> items.add(TypeDefinition.item(name, text)));
    return items;
  }

  /** Returns the properties of a device that don't have their defaults. */
  static SequencedMap<String, String> values(DeviceSpec device) {
    SequencedMap<String, String> values = new LinkedHashMap<>();
    device.id().ifPresent(id -> values.put("id", id));
    values.put("memdev", device.memdev());
    if (!device.addr().equals(GuestAddress.ZERO)) {
      values.put("addr", device.addr().toString());
    }
    if (device.slot() >= 0) {
      values.put("slot", Integer.toString(device.slot()));
    }
    if (device.node() != 0) {
      values.put("node", Long.toString(device.node()));
    }
    device.labelSize().ifPresent(size -> values.put("label-size", "" + size));
    if (device.unarmed() != OnOffAuto.OFF) {
      values.put("unarmed", UNARMED.type().print(device.unarmed()));
    }
    device.uuid().ifPresent(uuid -> values.put("uuid", uuid));
    return values;
  }
}
