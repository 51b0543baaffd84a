package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.ANY;
import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.INTEGER;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.SIZE;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.NumaPolicy;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.monitor.qmp.internal.schema.ValueType;
import holdfast.monitor.qmp.internal.schema.ValueType.Choice;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/** The types of what commands return, and of the properties of objects and devices. */
public final class Shapes {
  static final Struct VERSION =
      new Struct(
          "VersionInfo",
          List.of(
              required(
                  "qemu",
                  new Struct(
                      "VersionTriple",
                      List.of(
                          required("major", INTEGER),
                          required("minor", INTEGER),
                          required("micro", INTEGER)))),
              required("package", STRING)));

  static final Struct NAME = new Struct("Name", List.of(required("name", STRING)));

  static final Struct RUN_STATE =
      new Struct(
          "StatusInfo",
          List.of(
              required("status", STRING),
              required("running", BOOLEAN),
              optional("x-holdfast-reason", STRING)));

  static final Struct MEMDEV =
      new Struct(
          "Memdev",
          List.of(
              optional("id", STRING),
              required("size", SIZE),
              required("merge", BOOLEAN),
              required("dump", BOOLEAN),
              required("prealloc", BOOLEAN),
              required("share", BOOLEAN),
              optional("reserve", BOOLEAN),
              required("host-nodes", new ListOf(INTEGER)),
              required("policy", choice("HostMemPolicy", NumaPolicy.class))));

  static final Struct MEMORY_DEVICE =
      new Struct(
          "MemoryDeviceInfo",
          List.of(
              required("type", new Choice("MemoryDeviceInfoKind", List.of("dimm", "nvdimm"))),
              required(
                  "data",
                  new Struct(
                      "PCDIMMDeviceInfo",
                      List.of(
                          optional("id", STRING),
                          required("addr", INTEGER),
                          required("size", INTEGER),
                          required("slot", INTEGER),
                          required("node", INTEGER),
                          required("memdev", STRING),
                          required("hotplugged", BOOLEAN),
                          required("hotpluggable", BOOLEAN))))));

  static final Struct MEMORY_SIZE =
      new Struct(
          "MemoryInfo", List.of(required("base-memory", SIZE), optional("plugged-memory", SIZE)));

  static final Struct PROPERTY =
      new Struct(
          "ObjectPropertyInfo",
          List.of(
              required("name", STRING),
              required("type", STRING),
              optional("description", STRING),
              optional("default-value", ANY)));

  static final Struct TYPE =
      new Struct(
          "ObjectTypeInfo",
          List.of(
              required("name", STRING), optional("abstract", BOOLEAN), optional("parent", STRING)));

  private Shapes() {}

  private static <E extends Enum<E>> Choice choice(String name, Class<E> constants) {
    return new Choice(
        name,
        Arrays.stream(constants.getEnumConstants())
            .map(constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-'))
            .toList());
  }

  /** Returns the type of the values of a property. */
  static ValueType of(PropertyDefinition<?> property) {
    return switch (property.type().kind()) {
      case BOOLEAN -> BOOLEAN;
      case SIZE -> SIZE;
      case INTEGER -> INTEGER;
      case CHOICE -> new Choice(property.name(), property.type().choices());
      case NUMBERS -> new ListOf(INTEGER);
      case TEXT -> STRING;
    };
  }

  /** Returns the word for the type of a property in {@code qom-list} and its kin. */
  static String word(PropertyDefinition<?> property) {
    return switch (property.type().kind()) {
      case BOOLEAN -> "bool";
      case SIZE -> "size";
      case INTEGER -> "int";
      case CHOICE, TEXT -> property.name().equals("memdev") ? "link<memory-backend>" : "string";
      case NUMBERS -> "int";
    };
  }

  /** Returns an object of one of several types, and what else each type has. */
  static Struct oneOf(String name, List<TypeDefinition> types) {
    SequencedMap<String, Struct> variants = new LinkedHashMap<>();
    types.forEach(type -> variants.put(type.name(), new Struct(type.name(), members(type))));
    List<String> names = types.stream().map(TypeDefinition::name).toList();
    return new Struct(
        name,
        List.of(required("qom-type", new Choice("ObjectType", names)), required("id", STRING)),
        true,
        variants);
  }

  private static List<Member> members(TypeDefinition type) {
    return type.properties().stream()
        .filter(property -> !property.name().equals("id"))
        .map(
            property ->
                new Member(
                    property.name(),
                    of(property),
                    !(property.absence() instanceof PropertyDefinition.Absence.Refused)))
        .toList();
  }
}
