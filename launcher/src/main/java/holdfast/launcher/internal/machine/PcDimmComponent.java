package holdfast.launcher.internal.machine;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;

/** One configured {@code pc-dimm}. */
@Component(
    service = MemoryDeviceComponent.class,
    configurationPid = PcDimmComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class PcDimmComponent extends MemoryDeviceComponent {
  /** The factory PID of its configurations. */
  public static final String PID = "holdfast.pc.dimm";

  /** For Declarative Services. */
  @Activate
  public PcDimmComponent(Map<String, ?> configuration) {
    super(DeviceDefinitions.PC_DIMM, configuration);
  }

  @Modified
  void modified(Map<String, ?> configuration) {
    change(configuration);
  }
}
