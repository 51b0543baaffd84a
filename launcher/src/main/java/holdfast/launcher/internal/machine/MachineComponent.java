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
 * lists has been configured, the whole machine is brought up in a thread of its own, and its {@link
 * GuestMemory} is registered as a service; otherwise nothing is brought up, and {@link #state()}
 * says why. A failed attempt is repeated when a configuration or an allocator changes.
 *
 * <p>Configurations are read from ConfigAdmin instead of from components' properties, because
 * Declarative Services may deliver an older content than ConfigAdmin has by then.
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

  /** Keeps what was configured in force while ConfigAdmin is gone. */
  void unbindConfigurations(ConfigurationAdmin admin) {
    Configurations present = configurations;
    if (present != null && present.areOf(admin)) {
      configurations = null;
    }
  }

  /**
   * Waits with the choice of allocators until all bundles are started, since a better one may be
   * about to start.
   */
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

  /**
   * Wakes the machine after a configuration was written or deleted; the content is not taken from
   * the event.
   */
  @Override
  public void configurationEvent(ConfigurationEvent event) {
    if (event.getPid().startsWith(OURS)) {
      reconciler.wake();
    }
  }

  /** Makes the machine compare what is configured with what is in force. */
  public void wake() {
    reconciler.wake();
  }

  /** Adds a listener that is called for each memory backend whose memory fails from now on. */
  public void onFailure(Consumer<Backend> listener) {
    reconciler.onFailure(listener);
  }

  /** Makes {@code next} swap the backends whose configuration changes from now on. */
  public void swapWith(Swapper next) {
    reconciler.swapWith(next);
  }

  /**
   * Returns the memory backend with this id and its configuration; empty if no configuration
   * declares it.
   */
  public Optional<ConfiguredBackend> configured(String id) {
    return reconciler.configured(id);
  }

  /** Returns the state of the machine. */
  public MachineState state() {
    return reconciler.state();
  }

  /**
   * Waits until the machine is up, has failed or has ended. There is no limit while it is being
   * brought up, only while something is missing.
   *
   * @param limitMillis how long to wait for missing configurations and allocators
   * @return the state then
   */
  public MachineState awaitSettled(long limitMillis) throws InterruptedException {
    return reconciler.awaitSettled(limitMillis);
  }

  Reconciler reconciler() {
    return reconciler;
  }
}
