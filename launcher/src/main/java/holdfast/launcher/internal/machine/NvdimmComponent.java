package holdfast.launcher.internal.machine;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;

/** One configured {@code nvdimm}. */
@Component(
    service = MemoryDeviceComponent.class,
    configurationPid = NvdimmComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class NvdimmComponent extends MemoryDeviceComponent {
  /** The factory PID of its configurations. */
  public static final String PID = "holdfast.nvdimm";

  /** For Declarative Services. */
  @Activate
  public NvdimmComponent(Map<String, ?> configuration) {
    super(DeviceDefinitions.NVDIMM, configuration);
  }

  @Modified
  void modified(Map<String, ?> configuration) {
    change(configuration);
  }
}
