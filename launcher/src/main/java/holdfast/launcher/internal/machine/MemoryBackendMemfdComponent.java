package holdfast.launcher.internal.machine;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;

/** One configured {@code memory-backend-memfd}. */
@Component(
    service = MemoryBackendComponent.class,
    configurationPid = MemoryBackendMemfdComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class MemoryBackendMemfdComponent extends MemoryBackendComponent {
  /** The factory PID of its configurations. */
  public static final String PID = "holdfast.memory.backend.memfd";

  /** For Declarative Services. */
  @Activate
  public MemoryBackendMemfdComponent(Map<String, ?> configuration) {
    super(BackendDefinitions.MEMFD, configuration);
  }

  @Modified
  void modified(Map<String, ?> configuration) {
    change(configuration);
  }
}
