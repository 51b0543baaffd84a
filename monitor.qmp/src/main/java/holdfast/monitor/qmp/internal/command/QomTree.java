package holdfast.monitor.qmp.internal.command;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The machine as a tree of objects, in which clients find by a path what has no command of its own:
 * {@code /objects/ID} a memory backend, {@code /machine/peripheral/ID} a device.
 */
final class QomTree {
  static final String OBJECTS = "/objects/";
  static final String DEVICES = "/machine/peripheral/";

  private static final List<String> FOLDERS =
      List.of("/", "/objects", "/machine", "/machine/peripheral");

  private final MachineAdmin admin;

  QomTree(MachineAdmin admin) {
    this.admin = admin;
  }

  /** Something in the tree. */
  sealed interface Node {}

  /** A memory backend. */
  record ObjectNode(ObjectStatus object) implements Node {}

  /** A device. */
  record DeviceNode(DeviceStatus device) implements Node {}

  /** What only holds others. */
  record Folder(String path) implements Node {}

  /**
   * Returns what is at a path: an absolute one, or the id of a memory backend or device if only one
   * has it.
   *
   * @throws QmpException if nothing is there
   */
  Node find(String path) throws AdminException, QmpException {
    String whole =
        path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    if (FOLDERS.contains(whole)) {
      return new Folder(whole);
    }
    List<Node> found = new ArrayList<>();
    for (ObjectStatus object : admin.objects()) {
      if (whole.equals(OBJECTS + object.id()) || whole.equals(object.id())) {
        found.add(new ObjectNode(object));
      }
    }
    for (DeviceStatus device : admin.devices()) {
      if (whole.equals(DEVICES + device.id()) || whole.equals(device.id())) {
        found.add(new DeviceNode(device));
      }
    }
    if (found.size() > 1) {
      throw QmpException.generic("Path '" + Excerpt.onOneLine(path) + "' is ambiguous");
    }
    return found.stream()
        .findFirst()
        .orElseThrow(
            () -> QmpException.noDevice("Device '" + Excerpt.onOneLine(path) + "' not found"));
  }

  /** Returns the properties of what is at a path, and what it holds. */
  List<Map<String, Object>> list(String path) throws AdminException, QmpException {
    return switch (find(path)) {
      case ObjectNode(ObjectStatus object) -> properties(typeOf(object));
      case DeviceNode(DeviceStatus device) ->
          values(device).keySet().stream().map(QomTree::named).toList();
      case Folder(String folder) -> children(folder);
    };
  }

  private List<Map<String, Object>> children(String folder) throws AdminException {
    List<Map<String, Object>> all = new ArrayList<>();
    switch (folder) {
      case "/" -> {
        all.add(child("objects", "container"));
        all.add(child("machine", "holdfast-machine"));
      }
      case "/machine" -> all.add(child("peripheral", "container"));
      case "/objects" ->
          admin.objects().forEach(object -> all.add(child(object.id(), object.type())));
      default ->
          admin.devices().stream()
              .filter(device -> device.driver() != DeviceKind.RAM)
              .forEach(device -> all.add(child(device.id(), device.driver().label())));
    }
    return all;
  }

  private static Map<String, Object> child(String name, String type) {
    return Map.of("name", name, "type", "child<" + type + ">");
  }

  private static Map<String, Object> named(String name) {
    return Map.of(
        "name", name, "type", name.equals("memdev") ? "link<memory-backend>" : "property");
  }

  /** Returns the properties of a type, as {@code device-list-properties} has them. */
  static List<Map<String, Object>> properties(TypeDefinition type) {
    List<Map<String, Object>> all = new ArrayList<>();
    for (PropertyDefinition<?> property : type.properties()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", property.name());
      entry.put("type", Shapes.word(property));
      entry.put("description", property.description());
      if (property.absence() instanceof PropertyDefinition.Absence.Default(String text)) {
        entry.put("default-value", type.json(Map.of(property.name(), text)).get(property.name()));
      }
      all.add(entry);
    }
    return all;
  }

  /** Returns the value of a property of what is at a path. */
  Object get(String path, String property) throws AdminException, QmpException {
    Node node = find(path);
    Optional<Object> value =
        switch (node) {
          case ObjectNode(ObjectStatus object) -> Optional.ofNullable(values(object).get(property));
          case DeviceNode(DeviceStatus device) -> Optional.ofNullable(values(device).get(property));
          case Folder folder -> Optional.empty();
        };
    return value.orElseThrow(
        () ->
            QmpException.generic(
                "Property '" + typeName(node) + "." + Excerpt.onOneLine(property) + "' not found"));
  }

  private static String typeName(Node node) {
    return switch (node) {
      case ObjectNode(ObjectStatus object) -> object.type();
      case DeviceNode(DeviceStatus device) -> device.driver().label();
      case Folder folder -> "container";
    };
  }

  /** Changes a property of what is at a path. */
  void set(String path, String property, Object value) throws AdminException, QmpException {
    Node node = find(path);
    if (!(node instanceof ObjectNode(ObjectStatus object))) {
      throw QmpException.generic(
          "Property '"
              + typeName(node)
              + "."
              + Excerpt.onOneLine(property)
              + "' can't be changed: only those of memory backends can");
    }
    admin.set(object.id(), property, text(value));
  }

  /** Returns a value as text: a switch by QEMU's words, a list with commas. */
  static String text(Object value) {
    return switch (value) {
      case Boolean flag -> flag ? "on" : "off";
      case List<?> items -> String.join(",", items.stream().map(String::valueOf).toList());
      default -> value.toString();
    };
  }

  private static TypeDefinition typeOf(ObjectStatus object) {
    return BackendDefinitions.type(object.type());
  }

  private static SequencedMap<String, Object> values(ObjectStatus object) {
    SequencedMap<String, Object> values = typeOf(object).json(object.properties());
    values.put("type", object.type());
    return values;
  }

  static SequencedMap<String, Object> values(DeviceStatus device) {
    SequencedMap<String, Object> values = new LinkedHashMap<>();
    values.put("type", device.driver().label());
    values.put("id", device.id());
    values.put("memdev", OBJECTS + device.memdev());
    values.put("addr", device.address().value());
    values.put("size", device.size().bytes());
    values.put("slot", device.slot());
    values.put("node", device.node());
    values.put("hotplugged", device.hotplugged());
    if (device.driver() == DeviceKind.NVDIMM) {
      values.put("label-size", device.labelSize().bytes());
      values.put("unarmed", device.unarmed());
    }
    return values;
  }

  /** Returns the types of objects and devices that can be made, and what they are kinds of. */
  static List<Map<String, Object>> types(Optional<String> kindOf) {
    List<Map<String, Object>> all = new ArrayList<>();
    BackendDefinitions.OPTION.types().forEach(type -> all.add(type(type, "memory-backend")));
    DeviceDefinitions.OPTION.types().forEach(type -> all.add(type(type, "device")));
    all.removeIf(type -> kindOf.isPresent() && !type.containsValue(kindOf.get()));
    return all;
  }

  private static Map<String, Object> type(TypeDefinition type, String parent) {
    return Map.of("name", type.name(), "parent", parent);
  }
}
