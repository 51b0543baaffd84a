package holdfast.monitor.metrics.internal.jmx;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminEvent.SwapProgressed;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.api.SwapReport;
import holdfast.monitor.metrics.internal.Readings;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.management.MBeanServer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Keeps an MXBean registered for each region and each device that there is, and for the latest swap
 * of each region; one for the migrations of a machine that has met one. Their names are {@code
 * holdfast:type=Region,id="ID"}, {@code holdfast:type=Device,id="ID"}, {@code
 * holdfast:type=Swap,backend="ID",number=N}, with the id quoted as {@link
 * javax.management.ObjectName#quote} does, and {@code holdfast:type=Migration}. None is left when
 * this ends.
 *
 * <p>Thread-safe.
 */
@Component(
    immediate = true, // who asks comes by the MBean server; nobody here uses the component
    service = JmxComponent.class)
public final class JmxComponent {
  private final MachineAdmin admin;
  private final Readings readings;
  private final MachineAdmin.Subscription subscription;

  /** Guarded by this. */
  private final Registrations registrations;

  /** The latest report of each region's latest swap. Guarded by this. */
  private final Map<String, SwapReport> swaps = new HashMap<>();

  /** Called by Declarative Services. */
  @Activate
  public JmxComponent(@Reference MachineAdmin admin, @Reference Readings readings) {
    this(admin, readings, ManagementFactory.getPlatformMBeanServer());
  }

  JmxComponent(MachineAdmin admin, Readings readings, MBeanServer server) {
    this.admin = admin;
    this.readings = readings;
    this.registrations = new Registrations(server);
    this.subscription = admin.subscribe(this::event);
    follow();
  }

  /** Removes all. */
  @Deactivate
  public void deactivate() {
    subscription.close(); // no event comes any more
    synchronized (this) {
      registrations.keep(Map.of());
    }
  }

  private synchronized void event(AdminEvent event) {
    if (event.change() instanceof SwapProgressed(SwapReport report)) {
      swaps.put(report.region().value(), report);
    }
    follow();
  }

  /** Registers what has come, and removes what has gone. */
  private synchronized void follow() {
    List<ObjectCounters> regions = readings.counters();
    swaps.keySet().retainAll(regions.stream().map(ObjectCounters::id).toList());
    Map<BeanName, Object> wanted = new HashMap<>();
    for (ObjectCounters region : regions) {
      wanted.put(BeanName.region(region.id()), new RegionBean(readings, region.id()));
    }
    for (DeviceStatus device : devices()) {
      wanted.put(BeanName.device(device.id()), new DeviceBean(admin, device));
    }
    swaps.forEach(
        (id, report) ->
            wanted.put(
                BeanName.swap(id, report.number()),
                new SwapBean(() -> latest(id, report.number()))));
    readings
        .migration()
        .ifPresent(met -> wanted.put(BeanName.migration(), new MigrationBean(readings)));
    registrations.keep(wanted);
  }

  private List<DeviceStatus> devices() {
    try {
      return admin.devices();
    } catch (MachineNotUpException e) {
      return List.of();
    }
  }

  private SwapReport latest(String id, int number) {
    return readings
        .runningSwap(id)
        .filter(report -> report.number() == number)
        .orElseGet(() -> lastTold(id, number));
  }

  private synchronized SwapReport lastTold(String id, int number) {
    SwapReport told = swaps.get(id);
    if (told == null || told.number() != number) {
      throw new IllegalStateException("swap " + number + " of '" + id + "' is gone");
    }
    return told;
  }
}
