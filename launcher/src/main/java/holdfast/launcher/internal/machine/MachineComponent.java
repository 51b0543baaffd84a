package holdfast.launcher.internal.machine;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.admin.Added;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.Retention;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineOperations;
import holdfast.machine.swap.Swapper;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
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
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"holdfast.machine.api.GuestMemory\"")
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

  /** Known before the guest memory is: an emulator that finds it can be stopped at once. */
  private final GuestWriters guestWriters = new GuestWriters();

  private volatile @Nullable Configurations configurations;
  private final Reconciler reconciler =
      new Reconciler(candidates, guestWriters, () -> configurations);

  /** How many callers are writing configurations of which none counts without the others. */
  private final AtomicInteger writers = new AtomicInteger();

  private volatile @Nullable Bundle framework;

  @Activate
  void activate(BundleContext context) {
    framework = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION);
    reconciler.start(
        machine -> {
          ServiceRegistration<GuestMemory> registration =
              context.registerService(GuestMemory.class, machine.memory(), properties(machine));
          return registration::unregister;
        });
  }

  /** Returns the service properties by which an emulator finds the memory that it can run on. */
  private static Dictionary<String, Object> properties(Machine machine) {
    MemoryLayout layout = machine.layout();
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(GuestMemory.MACHINE_TYPE, machine.type().label());
    properties.put(GuestMemory.RAM_SIZE, layout.ram().bytes());
    properties.put(GuestMemory.MAX_SIZE, layout.maxmem().bytes());
    properties.put(GuestMemory.SLOTS, layout.slots());
    layout
        .persistence()
        .ifPresent(told -> properties.put(GuestMemory.NVDIMM_PERSISTENCE, told.label()));
    return properties;
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
      service = GuestWriter.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindWriter(GuestWriter writer) {
    guestWriters.add(writer);
  }

  void unbindWriter(GuestWriter writer) {
    guestWriters.remove(writer);
  }

  /** Returns those who store into guest memory of their own accord. */
  public GuestWriters guestWriters() {
    return guestWriters;
  }

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

  /**
   * Lets regions follow the others, unless the whole framework is being stopped: then this
   * component ends the machine, but bundles of allocators may stop before its own, and to re-map a
   * region or to tell that it is detached would only look like a fault. No code of theirs is needed
   * to serve a block to its end.
   */
  void unbindAllocator(RamBlockAllocator allocator) {
    Bundle known = framework;
    if (known == null || known.getState() != Bundle.STOPPING) {
      candidates.remove(allocator);
    }
  }

  /**
   * Wakes the machine after a configuration was written or deleted; the content is not taken from
   * the event.
   */
  @Override
  public void configurationEvent(ConfigurationEvent event) {
    if (event.getPid().startsWith(OURS) && writers.get() == 0) {
      reconciler.wake();
    }
  }

  /** Makes the machine compare what is configured with what is in force. */
  public void wake() {
    reconciler.wake();
  }

  /**
   * Writes the configurations of a machine. What is configured is compared with what is in force
   * when all of them are written, and not after each.
   */
  public <E extends Exception> void write(Writing<E> writing) throws E {
    writers.incrementAndGet();
    try {
      writing.write();
    } finally {
      writers.decrementAndGet();
      reconciler.wake();
    }
  }

  /**
   * Adds a listener for the states of the machine. It is called with the present state now, and
   * with each later one by the thread that sets it; it must not block.
   *
   * @return removes it
   */
  public Runnable onState(Consumer<MachineState> listener) {
    return reconciler.onState(listener);
  }

  /** Makes {@code next} swap the backends whose configuration changes from now on. */
  public void swapWith(Swapper next) {
    reconciler.swapWith(next);
  }

  /** Makes {@code next} ask the guest for devices whose configuration goes from now on. */
  public void ejectWith(Ejector next) {
    reconciler.ejectWith(next);
  }

  /**
   * Returns the memory backend with this id and its configuration; empty if no configuration
   * declares it.
   */
  public Optional<ConfiguredBackend> configured(String id) {
    return reconciler.configured(id);
  }

  /** Adds a part to the machine that is up, or removes one. */
  @FunctionalInterface
  public interface Work<T> {
    T done() throws AdminException;
  }

  /**
   * Adds a memory backend to the machine that is up, and records it in a configuration.
   *
   * @param operations adds it
   */
  public Added<ObjectStatus> addObject(BackendSpec wanted, MachineOperations operations)
      throws AdminException {
    return reconciler.change(
        recorder -> {
          Backend added = operations.add(wanted);
          Retention retention = recorder.added(added, wanted);
          return new Added<>(operations.object(wanted.id()), retention);
        });
  }

  /**
   * Removes a memory backend from the machine that is up, and its configuration.
   *
   * @param work removes it
   */
  public Retention removeObject(String id, Work<?> work) throws AdminException {
    return reconciler.change(
        recorder -> {
          work.done();
          return recorder.removed(id);
        });
  }

  /**
   * Plugs a device into the machine that is up, and records it in a configuration.
   *
   * @param work plugs it
   */
  public Added<DeviceStatus> plug(ParsedObject wanted, Work<MemoryDevice> work)
      throws AdminException {
    return reconciler.change(
        recorder -> {
          MemoryDevice added = work.done();
          return new Added<>(DeviceStatus.of(added), recorder.added(added, wanted));
        });
  }

  /**
   * Unplugs a device from the machine that is up, and removes its configuration.
   *
   * @param work unplugs it
   */
  public Retention unplug(Work<MemoryDevice> work) throws AdminException {
    return reconciler.change(recorder -> recorder.removed(work.done()));
  }

  /**
   * Unplugs a device that the guest was asked for because its configuration had gone. If there is
   * one again, somebody wants it back: it stays, and the device is plugged again.
   *
   * @param work unplugs it
   */
  public Retention unplugUnconfigured(Work<MemoryDevice> work) throws AdminException {
    Retention retention = reconciler.change(recorder -> recorder.gone(work.done()));
    reconciler.wake();
    return retention;
  }

  /**
   * Sets a property in the configuration of a memory backend.
   *
   * @param value null to remove it
   */
  public Retention store(String id, String key, @Nullable String value) {
    Configurations stored = configurations;
    Optional<ConfiguredBackend> configured = configured(id);
    if (configured.isEmpty()) {
      return Retention.until("the machine ends, since no configuration declares it");
    }
    return stored == null
        ? Retention.until("the machine ends, since ConfigAdmin is gone")
        : stored.put(configured.get(), key, value);
  }

  /**
   * Ends the machine and brings it up again, as {@link holdfast.machine.admin.MachineAdmin#restart}
   * says.
   *
   * @return its status then
   */
  public MachineStatus restart() throws AdminException {
    return reconciler.restart();
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
