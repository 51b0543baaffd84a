package holdfast.launcher.internal.machine;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;

/** One configured {@code memory-backend-file}. */
@Component(
    service = MemoryBackendComponent.class,
    configurationPid = MemoryBackendFileComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class MemoryBackendFileComponent extends MemoryBackendComponent {
  /** The factory PID of its configurations. */
  public static final String PID = "holdfast.memory.backend.file";

  /** For Declarative Services. */
  @Activate
  public MemoryBackendFileComponent(Map<String, ?> configuration) {
    super(BackendDefinitions.FILE, configuration);
  }

  @Modified
  void modified(Map<String, ?> configuration) {
    change(configuration);
  }
}
