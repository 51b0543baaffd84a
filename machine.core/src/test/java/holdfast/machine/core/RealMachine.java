package holdfast.machine.core;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.options.OptionException;
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
   * @param images tells which files can be started from
   */
  public RealMachine(
      MapperAllocator allocator, List<Map<String, String>> backends, ImageCheck images)
      throws OptionException, MachineException, NoAllocatorException {
    List<BackendSpec> specs = new ArrayList<>();
    for (Map<String, String> backend : backends) {
      specs.add(spec(backend));
    }
    Candidates candidates = new Candidates();
    candidates.add(allocator, allocator.properties(1, 0));
    machine =
        Machine.open(
            new MachineSpec(
                MachineDefinition.BOTH.checkConfiguration("a test", Map.of("size", "1M")),
                specs,
                List.of()),
            candidates,
            images);
  }

  private static BackendSpec spec(Map<String, String> backend) throws OptionException {
    String type = backend.getOrDefault("qom-type", BackendDefinitions.FILE.name());
    Map<String, Object> properties = new LinkedHashMap<>(backend);
    properties.remove("qom-type");
    return new BackendSpec(BackendDefinitions.type(type).checkConfiguration("a test", properties));
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
