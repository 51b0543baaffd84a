package holdfast.launcher.internal.metatype;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.QmpDefinition;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What the Metatype Service is told is what the configurations are read with. */
class LauncherMetaTypeTest {
  private static final String OWN = "OSGI-INF/" + LauncherMetaType.class.getName() + ".xml";

  private final LauncherMetaType metaType = new LauncherMetaType();

  private ObjectClassDefinition definition(String pid) {
    return metaType.getObjectClassDefinition(pid, null);
  }

  private List<String> ids(String pid, int filter) {
    return Stream.of(definition(pid).getAttributeDefinitions(filter))
        .map(AttributeDefinition::getID)
        .toList();
  }

  private AttributeDefinition attribute(String pid, String id) {
    return Stream.of(definition(pid).getAttributeDefinitions(ObjectClassDefinition.ALL))
        .filter(attribute -> attribute.getID().equals(id))
        .findFirst()
        .orElseThrow();
  }

  static Stream<Arguments> types() {
    return Stream.of(
        Arguments.of("holdfast.machine", MachineDefinition.BOTH, List.of("objects", "devices")),
        Arguments.of(
            "holdfast.memory.backend.file", BackendDefinitions.FILE, List.of("allocator.target")),
        Arguments.of(
            "holdfast.memory.backend.memfd", BackendDefinitions.MEMFD, List.of("allocator.target")),
        Arguments.of(
            "holdfast.memory.backend.ram", BackendDefinitions.RAM, List.of("allocator.target")),
        Arguments.of("holdfast.monitor.qmp", QmpDefinition.TYPE, List.of()),
        Arguments.of("holdfast.nvdimm", DeviceDefinitions.NVDIMM, List.of()),
        Arguments.of("holdfast.pc.dimm", DeviceDefinitions.PC_DIMM, List.of()));
  }

  @ParameterizedTest
  @MethodSource("types")
  @DisplayName("every property with its description and default, and what only configurations have")
  void describesEveryProperty(String pid, TypeDefinition type, List<String> more) {
    List<String> names = new ArrayList<>();
    type.properties().forEach(property -> names.add(property.name()));
    names.addAll(more);

    assertEquals(pid, definition(pid).getID());
    assertEquals(type.description(), definition(pid).getDescription());
    assertEquals(names, ids(pid, ObjectClassDefinition.ALL));
    for (PropertyDefinition<?> property : type.properties()) {
      AttributeDefinition attribute = attribute(pid, property.name());
      assertEquals(property.description(), attribute.getDescription());
      assertFalse(property.description().isBlank(), property.name());
      assertEquals(property.name(), attribute.getName());
      assertEquals(AttributeDefinition.STRING, attribute.getType());
      assertEquals(0, attribute.getCardinality());
      assertArrayEquals(
          property.absence() instanceof PropertyDefinition.Absence.Default(String text)
              ? new String[] {text}
              : null,
          attribute.getDefaultValue(),
          property.name());
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  @DisplayName("required is what is refused when it is left out, and each is one of the two")
  void tellsRequiredFromOptional(String pid, TypeDefinition type, List<String> more) {
    List<String> required = ids(pid, ObjectClassDefinition.REQUIRED);
    List<String> optional = ids(pid, ObjectClassDefinition.OPTIONAL);

    assertEquals(
        type.properties().stream()
            .filter(p -> p.absence() instanceof PropertyDefinition.Absence.Refused)
            .map(PropertyDefinition::name)
            .toList(),
        required);
    assertTrue(optional.containsAll(more));
    assertEquals(type.properties().size() + more.size(), required.size() + optional.size());
  }

  @Test
  @DisplayName("a few, written out: what an operator's tool shows")
  void isWhatAToolShows() {
    assertEquals(
        List.of("id", "size", "mem-path"),
        ids("holdfast.memory.backend.file", ObjectClassDefinition.REQUIRED));
    AttributeDefinition policy = attribute("holdfast.memory.backend.file", "x-durability");
    assertArrayEquals(new String[] {"warn", "require", "off"}, policy.getOptionValues());
    assertArrayEquals(new String[] {"warn", "require", "off"}, policy.getOptionLabels());
    assertArrayEquals(new String[] {"warn"}, policy.getDefaultValue());
    AttributeDefinition share = attribute("holdfast.memory.backend.ram", "share");
    assertArrayEquals(new String[] {"on", "off"}, share.getOptionValues());
    assertArrayEquals(
        new String[] {"pc", "q35", "virt"},
        attribute("holdfast.machine", "type").getOptionValues());
    assertNull(attribute("holdfast.nvdimm", "addr").getOptionValues());
    assertNull(attribute("holdfast.nvdimm", "addr").getOptionLabels());
    assertEquals(
        Integer.MAX_VALUE, attribute("holdfast.machine", "objects").getCardinality(), "an array");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "memory.backend.file | size             | 256M           | ''",
        "memory.backend.file | size             | much           | size=much is not a size",
        "memory.backend.file | pmem             | yes            | ''",
        "memory.backend.file | pmem             | perhaps        | pmem=perhaps is neither on nor",
        "memory.backend.file | id               | 0              | id=0 is not an identifier",
        "memory.backend.file | allocator.target | (backend.kind=dax) | ''",
        "memory.backend.file | allocator.target | ''             | ''",
        "memory.backend.ram  | allocator.target | (x | allocator.target=(x is not an OSGi filter",
        "nvdimm              | slot             | x              | slot=x is not a whole number",
        "machine             | type             | vax            | type=vax is not among the choices",
        "machine             | objects          | m0             | ''",
        "monitor.qmp         | port             | 65536          | port=65536 ",
      })
  @DisplayName("a value is judged as when it is read, in the same sentence")
  void judgesValues(String name, String id, String value, String verdict) {
    String said = attribute("holdfast." + name, id).validate(value);

    assertTrue(verdict.isEmpty() ? said.isEmpty() : said.startsWith(verdict), said);
  }

  @Test
  void aForeignPidIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> metaType.getObjectClassDefinition("holdfast.backend.file", null));
    assertThrows(IllegalArgumentException.class, () -> metaType.getObjectClassDefinition("", "de"));
  }

  @Test
  @DisplayName("there is one language, and no icon")
  void thereIsOneLanguage() throws Exception {
    assertNull(metaType.getLocales());
    assertEquals(
        definition("holdfast.nvdimm").getDescription(),
        metaType.getObjectClassDefinition("holdfast.nvdimm", "de").getDescription());
    assertNull(definition("holdfast.nvdimm").getIcon(16));
  }

  @Test
  @DisplayName(
      "the service announces every PID that a machine is made from, its monitors' and that of"
          + " metrics")
  void announcesEveryPid() throws Exception {
    Map<String, Set<String>> announced =
        Map.of(
            "metatype.pid", values(component(OWN), "metatype.pid"),
            "metatype.factory.pid", values(component(OWN), "metatype.factory.pid"));
    Set<String> all = new TreeSet<>(announced.get("metatype.pid"));
    all.addAll(announced.get("metatype.factory.pid"));

    assertEquals(
        Set.of("holdfast.machine", "holdfast.monitor.metrics"), announced.get("metatype.pid"));
    assertEquals(configuredPids(), all);
    all.forEach(pid -> assertEquals(pid, definition(pid).getID()));
  }

  /** What the machine is made from, who can talk to it, and where its metrics are. */
  private static Set<String> configuredPids() {
    Set<String> pids =
        new TreeSet<>(
            Set.of("holdfast.machine", "holdfast.monitor.qmp", "holdfast.monitor.metrics"));
    Stream.of(BackendDefinitions.OPTION, DeviceDefinitions.OPTION)
        .flatMap(option -> option.types().stream())
        .forEach(type -> pids.add(BackendDefinitions.factoryPid(type.name())));
    return pids;
  }

  /** Of the launcher itself: other jars have a manifest too. */
  private static InputStream resource(String name) throws Exception {
    String root =
        LauncherMetaType.class.getProtectionDomain().getCodeSource().getLocation().toString();
    return new URI(root + name).toURL().openStream();
  }

  private static Element component(String name) throws Exception {
    DocumentBuilderFactory documents = DocumentBuilderFactory.newDefaultInstance();
    try (InputStream stream = resource(name)) {
      return documents.newDocumentBuilder().parse(stream).getDocumentElement();
    }
  }

  private static Set<String> values(Element component, String property) {
    NodeList properties = component.getElementsByTagName("property");
    for (int i = 0; i < properties.getLength(); i++) {
      Element element = (Element) properties.item(i);
      if (element.getAttribute("name").equals(property)) {
        return element.hasAttribute("value")
            ? Set.of(element.getAttribute("value"))
            : Set.of(element.getTextContent().strip().split("\\s+"));
      }
    }
    return Set.of();
  }
}
