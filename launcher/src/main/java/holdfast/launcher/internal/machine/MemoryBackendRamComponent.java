package holdfast.launcher.internal.machine;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;

/** One configured {@code memory-backend-ram}. */
@Component(
    service = MemoryBackendComponent.class,
    configurationPid = MemoryBackendRamComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class MemoryBackendRamComponent extends MemoryBackendComponent {
  /** The factory PID of its configurations. */
  public static final String PID = "holdfast.memory.backend.ram";

  /** For Declarative Services. */
  @Activate
  public MemoryBackendRamComponent(Map<String, ?> configuration) {
    super(BackendDefinitions.RAM, configuration);
  }

  @Modified
  void modified(Map<String, ?> configuration) {
    change(configuration);
  }
}
