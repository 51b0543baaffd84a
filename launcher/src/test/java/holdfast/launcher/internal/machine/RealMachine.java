package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.region.Candidates;
import holdfast.launcher.internal.region.MapperAllocator;
import holdfast.launcher.internal.region.NoAllocatorException;
import java.util.ArrayList;
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
    List<MemoryBackendComponent> components = new ArrayList<>();
    for (Map<String, String> backend : backends) {
      components.add(component(backend));
    }
    Map<String, Object> properties = allocator.properties(1, 0);
    components.forEach(component -> component.bindAllocator(allocator, properties));
    Candidates candidates = new Candidates();
    candidates.add(allocator, properties);
    machine =
        Machine.open(
            MachineDefinition.BOTH.checkConfiguration("a test", Map.of("size", "1M")),
            components,
            List.of(),
            candidates);
  }

  private static MemoryBackendComponent component(Map<String, String> backend) {
    String type = backend.getOrDefault("qom-type", BackendDefinitions.FILE.name());
    String[] properties =
        backend.entrySet().stream()
            .filter(property -> !property.getKey().equals("qom-type"))
            .map(property -> property.getKey() + "=" + property.getValue())
            .toArray(String[]::new);
    Map<String, Object> all =
        MachineFixture.configuration(
            BackendDefinitions.factoryPid(type), "" + backend.get("id"), properties);
    return switch (type) {
      case "memory-backend-file" -> new MemoryBackendFileComponent(all);
      case "memory-backend-memfd" -> new MemoryBackendMemfdComponent(all);
      case "memory-backend-ram" -> new MemoryBackendRamComponent(all);
      default -> throw new IllegalArgumentException(type);
    };
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
