package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.service.metatype.MetaTypeProvider;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * What can be configured is described to the Metatype Service, read from the bundles as they are
 * built. What the launcher's own description says of each property is tested beside it.
 */
class MetatypeTest {
  private static final Path BUNDLES = Path.of("..", "dist", "target", "bundles");

  /** The component descriptions, and the metatype resources, by their places. */
  private static final Map<String, Element> COMPONENTS = new TreeMap<>();

  private static final Map<String, Element> METATYPES = new TreeMap<>();

  @BeforeAll
  static void readAll() throws Exception {
    List<Path> jars;
    try (Stream<Path> all = Files.list(BUNDLES)) {
      jars = all.filter(jar -> isOurs(jar)).toList();
    }
    for (Path jar : jars) {
      try (JarFile file = new JarFile(jar.toFile())) {
        for (JarEntry entry : file.stream().toList()) {
          String name = entry.getName();
          if (name.matches("OSGI-INF/(metatype/)?[^/]+\\.xml")) {
            try (InputStream in = file.getInputStream(entry)) {
              (name.contains("/metatype/") ? METATYPES : COMPONENTS)
                  .put(
                      jar.getFileName() + "!" + name,
                      DocumentBuilderFactory.newDefaultNSInstance()
                          .newDocumentBuilder()
                          .parse(in)
                          .getDocumentElement());
            }
          }
        }
      }
    }
    assertTrue(COMPONENTS.size() > 15, COMPONENTS::toString);
  }

  private static boolean isOurs(Path jar) {
    try (JarFile file = new JarFile(jar.toFile())) {
      String name = file.getManifest().getMainAttributes().getValue("Bundle-SymbolicName");
      return name != null && name.startsWith("holdfast.");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Element> in(Element parent, String name) {
    NodeList found = parent.getElementsByTagName(name);
    return IntStream.range(0, found.getLength()).mapToObj(i -> (Element) found.item(i)).toList();
  }

  /** The PIDs that a component of Declarative Services is configured by. */
  private static Set<String> configured() {
    Set<String> pids = new TreeSet<>();
    COMPONENTS
        .values()
        .forEach(
            component -> {
              if (!component.getAttribute("configuration-policy").equals("ignore")) {
                pids.addAll(List.of(component.getAttribute("configuration-pid").split("\\s+")));
              }
            });
    pids.remove("");
    return pids;
  }

  private static Set<String> described() {
    Set<String> pids = new TreeSet<>();
    METATYPES
        .values()
        .forEach(
            metatype ->
                in(metatype, "Designate")
                    .forEach(
                        one -> {
                          pids.add(one.getAttribute("pid"));
                          pids.add(one.getAttribute("factoryPid"));
                        }));
    for (Element component : COMPONENTS.values()) {
      for (Element property : in(component, "property")) {
        if (Set.of(MetaTypeProvider.METATYPE_PID, MetaTypeProvider.METATYPE_FACTORY_PID)
            .contains(property.getAttribute("name"))) {
          pids.add(property.getAttribute("value"));
          pids.addAll(List.of(property.getTextContent().strip().split("\\s+")));
        }
      }
    }
    pids.remove("");
    return pids;
  }

  @Test
  @DisplayName("every configuration that is read is described, and no other")
  void describesAll() {
    Set<String> read = new TreeSet<>(configured());
    // read from ConfigAdmin, without a component of their own
    read.addAll(
        Set.of(
            "holdfast.machine",
            "holdfast.memory.backend.file",
            "holdfast.memory.backend.memfd",
            "holdfast.memory.backend.ram",
            "holdfast.nvdimm",
            "holdfast.pc.dimm"));

    assertEquals(read, described());
    assertTrue(
        read.containsAll(
            Set.of("holdfast.backend.dax", "holdfast.backend.file", "holdfast.monitor.qmp")));
  }

  @Test
  @DisplayName("what an annotation describes has name, description, type, default and labels")
  void describesEachAttribute() {
    List<Element> attributes =
        METATYPES.values().stream().flatMap(metatype -> in(metatype, "AD").stream()).toList();

    assertFalse(attributes.isEmpty());
    for (Element attribute : attributes) {
      String id = attribute.getAttribute("id");
      assertAll(
          () -> assertTrue(attribute.getAttribute("name").contains(" "), id),
          () -> assertTrue(attribute.getAttribute("description").endsWith("."), id),
          () -> assertFalse(attribute.getAttribute("type").isEmpty(), id),
          () -> assertTrue(attribute.hasAttribute("default"), id));
      in(attribute, "Option")
          .forEach(option -> assertFalse(option.getAttribute("label").isEmpty(), id));
    }
  }

  @Test
  @DisplayName("what an annotation describes is what its component is handed, with its default")
  void describesWhatIsRead() throws Exception {
    List<String> compared = new ArrayList<>();
    for (Element metatype : METATYPES.values()) {
      String type = in(metatype, "OCD").getFirst().getAttribute("id");
      Map<String, String> described = new TreeMap<>();
      in(metatype, "AD")
          .forEach(one -> described.put(one.getAttribute("id"), one.getAttribute("default")));
      Map<String, String> handed = new TreeMap<>();
      for (Method method : Class.forName(type).getDeclaredMethods()) {
        handed.put(method.getName().replace('_', '.'), "" + method.getDefaultValue());
      }
      assertEquals(handed, described, type);
      compared.add(type);
    }
    assertEquals(2, compared.size(), compared::toString);
  }
}
