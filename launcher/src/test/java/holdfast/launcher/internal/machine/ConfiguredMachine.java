package holdfast.launcher.internal.machine;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.swap.SwapRecorder;
import holdfast.machine.swap.Swapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The configurations of a machine that is up, and what makes its memory backends follow them. */
public final class ConfiguredMachine {
  /** As ConfigAdmin keeps them. */
  public final FakeConfigurations configurations = new FakeConfigurations();

  private final Configurations stored = new Configurations(configurations.admin());
  private final Map<String, ConfiguredBackend> backends = new LinkedHashMap<>();

  /** Writes a configuration for every memory backend that was declared. */
  public ConfiguredMachine(Machine machine) {
    for (Backend backend : machine.backends()) {
      if (!backend.isImplicit()) {
        String id = backend.region().id().value();
        String pid = BackendDefinitions.factoryPid(backend.type()) + "~" + id;
        Map<String, Object> properties = new LinkedHashMap<>(backend.object().texts());
        configurations.put(pid, properties);
        backends.put(id, new ConfiguredBackend(backend, new Wish(pid, properties)));
      }
    }
  }

  /** Does what the machine's thread does when it is woken: looks at the configurations. */
  public void look(Swapper swapper) throws IOException {
    for (ConfiguredBackend configured : backends.values()) {
      new BackendFollower(stored, swapper).follow(configured);
    }
  }

  /** Writes down how a swap ended. */
  public void record(Backend backend, SwapRecorder.Outcome outcome) {
    backends.get(backend.region().id().value()).record(outcome, stored);
  }

  /** The PID of a memory backend's configuration. */
  public String pid(String id) {
    return backends.get(id).pid();
  }
}
