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
 * Whether each region is served: critical for one that has failed, with what became of its content;
 * a warning for one that is detached, since it serves on without an allocator.
 */
@Component(property = {"hc.name=Holdfast regions", "hc.tags=holdfast", "hc.tags=memory"})
public final class RegionHealth implements HealthCheck {
  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public RegionHealth(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  @Override
  public Result execute() {
    return Objects.checked(admin, "every region is served by an allocator", RegionHealth::look);
  }

  private static void look(ObjectStatus object, FormattingResultLog log) {
    String name = Objects.name(object);
    switch (object.state()) {
      case ATTACHED -> {}
      case DETACHED -> log.warn("{} is detached: {}", name, object.note());
      case FAILED ->
          log.critical(
              "{} has failed: {}{}",
              name,
              object.note(),
              object.rescue().isEmpty() ? "" : "; " + object.rescue());
    }
  }
}
