package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.region.Candidates;
import holdfast.launcher.internal.region.MapperAllocator;
import holdfast.launcher.internal.region.NoAllocatorException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A machine that is up, with memory backends on the product's own blocks and no framework. */
public final class RealMachine implements AutoCloseable {
  private final Machine machine;

  /**
   * @param allocator makes every block
   * @param backends the properties of each memory backend, {@code qom-type} among them
   */
  public RealMachine(MapperAllocator allocator, List<Map<String, String>> backends)
      throws OptionException, MachineException, NoAllocatorException {
    List<Declaration> components = new ArrayList<>();
    for (Map<String, String> backend : backends) {
      components.add(component(backend));
    }
    Map<String, Object> properties = allocator.properties(1, 0);
    Candidates candidates = new Candidates();
    candidates.add(allocator, properties);
    machine =
        Machine.open(
            Origin.CONFIGURATIONS,
            MachineDefinition.BOTH.checkConfiguration("a test", Map.of("size", "1M")),
            components,
            List.of(),
            candidates);
  }

  private static Declaration component(Map<String, String> backend) {
    String type = backend.getOrDefault("qom-type", BackendDefinitions.FILE.name());
    Map<String, Object> properties = new LinkedHashMap<>(backend);
    properties.remove("qom-type");
    String pid = BackendDefinitions.factoryPid(type) + "~" + backend.get("id");
    return Declaration.backend(new Wish(pid, properties)).orElseThrow();
  }

  /** What the machine's thread does when it is woken: looks at the configurations. */
  public void look(FakeConfigurations configurations, Swapper swapper) throws IOException {
    for (OpenBackend backend : machine.backends()) {
      if (!backend.pid().isEmpty()) {
        machine.follow(backend, new Configurations(configurations.admin()), swapper);
      }
    }
  }

  /** The machine. */
  public Machine machine() {
    return machine;
  }

  @Override
  public void close() {
    machine.close();
  }
}
