package holdfast.monitor.health.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.ObjectStatus;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Whether each memory backend is as durable as was asked for: where it isn't, a warning with {@code
 * x-durability=warn}, critical with {@code require}, which decides about starting and re-mapping
 * alone. With {@code off} nothing is asked for.
 */
@Component(property = {"hc.name=Holdfast durability", "hc.tags=holdfast", "hc.tags=durability"})
public final class DurabilityHealth implements HealthCheck {
  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public DurabilityHealth(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  @Override
  public Result execute() {
    return Objects.checked(
        admin, "all memory is as durable as was asked for", DurabilityHealth::look);
  }

  private static void look(ObjectStatus object, FormattingResultLog log) {
    if (!object.durability().isShortfall()) {
      return;
    }
    String sentence =
        Objects.name(object)
            + ": persisted data is durable with granularity "
            + object.durability().obtained().label()
            + ", and "
            + object.durability().requested().label()
            + " was asked for: "
            + object.durability().reason();
    if ("require".equals(object.properties().get("x-durability"))) {
      log.critical("{}", sentence);
    } else {
      log.warn("{}", sentence);
    }
  }
}
