package holdfast.launcher.internal.machine;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Candidates;
import holdfast.machine.swap.Swapper;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationEvent;
import org.osgi.service.cm.ConfigurationListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * The machine of this framework. As soon as every memory backend and device that its configuration
 * lists has been configured, all of it is brought up in a thread of its own, and its {@link
 * GuestMemory} is registered as a service; or none of it is, and {@link #state()} says why. A try
 * that failed is made again when a configuration or an allocator changes.
 *
 * <p>Configurations are read from ConfigAdmin and are not those of components, since what
 * Declarative Services tell of one may be older than what it says by then.
 */
@Component(
    service = {MachineComponent.class, ConfigurationListener.class},
    immediate = true,
    configurationPolicy = ConfigurationPolicy.IGNORE)
public final class MachineComponent implements ConfigurationListener {
  /** The PID of its configuration. */
  public static final String PID = "holdfast.machine";

  /** The configuration property that lists the names of the memory backends, in order. */
  public static final String OBJECTS = "objects";

  /** The configuration property that lists the names of the devices, in order. */
  public static final String DEVICES = "devices";

  private static final String OURS = "holdfast.";

  private final Candidates candidates = new Candidates();
  private volatile @Nullable Configurations configurations;
  private final Reconciler reconciler = new Reconciler(candidates, () -> configurations);

  @Activate
  void activate(BundleContext context) {
    reconciler.start(
        memory -> {
          ServiceRegistration<GuestMemory> registration =
              context.registerService(GuestMemory.class, memory, null);
          return registration::unregister;
        });
  }

  @Deactivate
  void deactivate() {
    reconciler.end();
  }

  @Reference(
      service = ConfigurationAdmin.class,
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindConfigurations(
      ConfigurationAdmin admin, @Nullable ServiceReference<ConfigurationAdmin> reference) {
    configurations = new Configurations(admin, reference);
    reconciler.wake();
  }

  /** What was configured holds while nobody can tell what is. */
  void unbindConfigurations(ConfigurationAdmin admin) {
    Configurations present = configurations;
    if (present != null && present.areOf(admin)) {
      configurations = null;
    }
  }

  /** Until it is there no allocator is chosen, since a better one may be about to start. */
  @Reference(name = "started", service = BundlesStarted.class)
  void bindStarted(BundlesStarted started) {}

  @Reference(
      name = "candidate",
      service = RamBlockAllocator.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY,
      updated = "updatedAllocator")
  void bindAllocator(RamBlockAllocator allocator, Map<String, ?> properties) {
    candidates.add(allocator, properties);
  }

  void updatedAllocator(RamBlockAllocator allocator, Map<String, ?> properties) {
    candidates.update(allocator, properties);
  }

  void unbindAllocator(RamBlockAllocator allocator) {
    candidates.remove(allocator);
  }

  /** A configuration was written or deleted; what it says is not asked of the event. */
  @Override
  public void configurationEvent(ConfigurationEvent event) {
    if (event.getPid().startsWith(OURS)) {
      reconciler.wake();
    }
  }

  /** Something happened after which what is configured may have to be compared with what is. */
  public void wake() {
    reconciler.wake();
  }

  /** {@code listener} is told of each memory backend whose memory fails from now on. */
  public void onFailure(Consumer<Backend> listener) {
    reconciler.onFailure(listener);
  }

  /** From now on backends whose configuration changes are swapped by {@code next}. */
  public void swapWith(Swapper next) {
    reconciler.swapWith(next);
  }

  /** The memory backend with an id and its configuration; empty if none declares it. */
  public Optional<ConfiguredBackend> configured(String id) {
    return reconciler.configured(id);
  }

  /** How far the machine is. */
  public MachineState state() {
    return reconciler.state();
  }

  /**
   * Waits until the machine is up, has failed or has ended. While it is being brought up there is
   * no limit; for what is missing yet there is.
   *
   * @param limitMillis how long to wait for configurations and allocators that are missing
   * @return the state then
   */
  public MachineState awaitSettled(long limitMillis) throws InterruptedException {
    return reconciler.awaitSettled(limitMillis);
  }

  Reconciler reconciler() {
    return reconciler;
  }
}
