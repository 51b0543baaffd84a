package holdfast.launcher.internal.admin;

import holdfast.backend.api.Granularity;
import holdfast.launcher.internal.machine.Ejector;
import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineState;
import holdfast.launcher.internal.machine.OsgiFilter;
import holdfast.launcher.internal.swap.SwapComponent;
import holdfast.machine.admin.Added;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.AdminListener;
import holdfast.machine.admin.AllocatorStatus;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineSummary;
import holdfast.machine.admin.MachineSummary.DoorStatus;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.PropertyChange;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.admin.Retention;
import holdfast.machine.admin.Unplugging;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.DeviceStates;
import holdfast.machine.core.GuestControls;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineOperations;
import holdfast.machine.core.Requests;
import holdfast.machine.migration.Migrations;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's service: what there is comes from the machine that is up, and what is changed is
 * written into its configurations as well.
 */
@Component
public final class AdminComponent implements MachineAdmin {
  private static final Logger LOG = LoggerFactory.getLogger(AdminComponent.class);

  private final MachineComponent component;
  private final SwapComponent swaps;
  private final AdminEvents events = new AdminEvents();
  private final GuestControls controls = new GuestControls();
  private final DeviceStates states = new DeviceStates();
  private final Supplier<List<DoorStatus>> doors;
  private final Runnable unwatch;
  private volatile @Nullable Entered entered;
  private volatile @Nullable MachineOperations operations;

  /** Called by Declarative Services. */
  @Activate
  public AdminComponent(
      BundleContext context,
      @Reference MachineComponent component,
      @Reference SwapComponent swaps) {
    this(component, swaps, new OpenDoors(context)::list);
  }

  AdminComponent(
      MachineComponent component, SwapComponent swaps, Supplier<List<DoorStatus>> doors) {
    this.component = component;
    this.swaps = swaps;
    this.doors = doors;
    this.unwatch = component.onState(this::entered);
    component.ejectWith(this::eject);
  }

  @Deactivate
  void deactivate() {
    component.ejectWith(Ejector.NONE);
    unwatch.run();
    events.close();
  }

  @Reference(
      service = GuestControl.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindControl(GuestControl control) {
    controls.add(control);
  }

  void unbindControl(GuestControl control) {
    controls.remove(control);
  }

  @Reference(
      service = DeviceState.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindState(DeviceState state) {
    states.add(state);
  }

  void unbindState(DeviceState state) {
    states.remove(state);
  }

  /** Asks the guest for a device whose configuration is gone. */
  private Optional<Ejector.Question> eject(MemoryDevice device) {
    if (!controls.isThere()) {
      return Optional.empty();
    }
    CompletableFuture<Unplugging> asking = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                asking.complete(up().requestUnplug(device, this::unplugUnconfigured));
              } catch (AdminException | RuntimeException e) {
                LOG.warn("device '{}' stays plugged: {}", device.id(), e.getMessage());
                asking.completeExceptionally(e);
              }
            });
    return Optional.of(() -> controls.isThere() && isOpen(asking));
  }

  private static boolean isOpen(CompletableFuture<Unplugging> asking) {
    return !asking.isDone()
        || asking.state() == Future.State.SUCCESS && asking.resultNow().outcome().isEmpty();
  }

  private Retention unplugUnconfigured(MemoryDevice device) throws AdminException {
    MachineOperations present = up();
    return component.unplugUnconfigured(() -> present.remove(device));
  }

  /** When the machine's life came to a phase. */
  private record Entered(MachineStatus.Phase phase, Instant at) {}

  private void entered(MachineState state) {
    MachineStatus.Phase phase = state.status().phase();
    Entered last = entered;
    if (last == null || last.phase() != phase) {
      entered = new Entered(phase, Instant.now());
    }
    operations = state instanceof MachineState.Up(Machine machine) ? operations(machine) : null;
    events.publish(new AdminEvent.StatusChanged(state.status()));
  }

  private MachineOperations operations(Machine machine) {
    Migrations migrations = new Migrations(machine, component.guestWriters(), states, events);
    migrations.serve();
    try {
      migrations.awaitGuest();
    } catch (AdminException e) {
      LOG.error(
          "nobody can send the machine its guest: {}; name another place with ram:migrate_incoming",
          e.getMessage());
    }
    return new MachineOperations(
        machine,
        Optional.of(swaps.swapsOf(machine)),
        Optional.of(migrations),
        AdminComponent::filter,
        controls,
        events);
  }

  private static AllocatorFilter filter(String text) {
    try {
      return OsgiFilter.parse(text);
    } catch (InvalidSyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private MachineOperations up() throws MachineNotUpException {
    MachineOperations present = operations;
    if (present == null) {
      throw new MachineNotUpException(component.state().status());
    }
    return present;
  }

  @Override
  public MachineStatus status() {
    MachineOperations present = operations;
    return present == null ? component.state().status() : present.status();
  }

  @Override
  public MachineSummary summary() {
    MachineOperations present = operations;
    Entered last = entered;
    return new MachineSummary(
        status(),
        last == null ? Instant.now() : last.at(),
        present == null ? Optional.empty() : present.summary().hardware(),
        doors.get());
  }

  @Override
  public List<ObjectStatus> objects() throws MachineNotUpException {
    return up().objects();
  }

  @Override
  public ObjectStatus object(String id) throws MachineNotUpException, NoSuchObjectException {
    return up().object(id);
  }

  @Override
  public List<ObjectCounters> counters() throws MachineNotUpException {
    return up().counters();
  }

  @Override
  public List<DeviceStatus> devices() throws MachineNotUpException {
    return up().devices();
  }

  @Override
  public DeviceStatus device(String id) throws MachineNotUpException, NoSuchDeviceException {
    return up().device(id);
  }

  @Override
  public List<AllocatorStatus> allocators() throws MachineNotUpException {
    return up().allocators();
  }

  @Override
  public List<String> options() throws MachineNotUpException {
    return up().options();
  }

  @Override
  public List<String> writeFiles(Path folder) throws AdminException {
    return up().writeFiles(folder);
  }

  @Override
  public Added<ObjectStatus> addObject(String type, Map<String, String> properties)
      throws AdminException {
    MachineOperations present = up();
    BackendSpec wanted = Requests.object(type, properties);
    return component.addObject(wanted, present);
  }

  @Override
  public Retention removeObject(String id) throws AdminException {
    MachineOperations present = up();
    return component.removeObject(id, () -> present.removeObject(id));
  }

  @Override
  public Added<DeviceStatus> plug(String driver, Map<String, String> properties)
      throws AdminException {
    MachineOperations present = up();
    ParsedObject wanted = Requests.parsedDevice(driver, properties);
    DeviceSpec spec = DeviceDefinitions.spec(wanted, driver + " without id");
    return component.plug(wanted, () -> present.plug(spec));
  }

  @Override
  public Unplugging requestUnplug(String id) throws AdminException {
    return requestUnplug(up().plugged(id));
  }

  private Unplugging requestUnplug(MemoryDevice device) throws AdminException {
    return up().requestUnplug(device, this::unplug);
  }

  @Override
  public Retention unplug(String id) throws AdminException {
    return unplug(up().plugged(id));
  }

  private Retention unplug(MemoryDevice device) throws AdminException {
    MachineOperations present = up();
    return component.unplug(() -> present.remove(device));
  }

  @Override
  public PropertyChange set(String id, String property, String value) throws AdminException {
    PropertyChange change = up().set(id, property, value);
    return new PropertyChange(
        change.requested(), change.inForce(), component.store(id, property, change.requested()));
  }

  @Override
  public Retention use(String id, String filter) throws AdminException {
    MachineOperations present = up();
    present.use(id, filter);
    String inForce = present.object(id).filter();
    return component.store(
        id, BackendDefinitions.ALLOCATOR_TARGET, inForce.isEmpty() ? null : inForce);
  }

  @Override
  public Granularity persist(String id, long offset, long length) throws AdminException {
    return up().persist(id, offset, length);
  }

  @Override
  public SwapPlan planSwap(String id, Map<String, String> changes, SwapLimits limits)
      throws AdminException, SwapException {
    return up().planSwap(id, changes, limits);
  }

  @Override
  public RunningSwap swap(String id, Map<String, String> changes, SwapLimits limits)
      throws AdminException, SwapException {
    return up().swap(id, changes, limits);
  }

  @Override
  public Optional<RunningSwap> runningSwap(String id)
      throws MachineNotUpException, NoSuchObjectException {
    return up().runningSwap(id);
  }

  @Override
  public List<SwapReport> endedSwaps(String id)
      throws MachineNotUpException, NoSuchObjectException {
    return up().endedSwaps(id);
  }

  @Override
  public void evacuate(String id, Path standby) throws AdminException {
    up().evacuate(id, standby);
  }

  @Override
  public void stop() throws AdminException {
    up().stop();
  }

  @Override
  public void cont() throws AdminException {
    up().cont();
  }

  @Override
  public MigrationAdmin migration() throws MachineNotUpException, RefusedException {
    return up().migration();
  }

  @Override
  public void resetGuest() throws AdminException {
    up().resetGuest();
  }

  @Override
  public void powerDownGuest() throws AdminException {
    up().powerDownGuest();
  }

  @Override
  public MachineStatus restart() throws AdminException {
    return component.restart();
  }

  @Override
  public long lastEvent() {
    return events.last();
  }

  @Override
  public Subscription subscribe(AdminListener listener) {
    return events.subscribe(listener);
  }
}
