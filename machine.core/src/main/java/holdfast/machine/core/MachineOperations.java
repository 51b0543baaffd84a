package holdfast.machine.core;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.PreallocationException;
import holdfast.machine.admin.Added;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.AdminListener;
import holdfast.machine.admin.AllocatorStatus;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.HostException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineSummary;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.PropertyChange;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.admin.Retention;
import holdfast.machine.admin.Unplugging;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.OptionWriter;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.core.SwapProvider.MachineSwaps;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The operator's service of one open machine. Stores nothing: what keeps a machine's configuration
 * does so around it.
 *
 * <p>Thread-safe.
 */
public final class MachineOperations implements MachineAdmin {
  private final Machine machine;
  private final Optional<MachineSwaps> swaps;
  private final Optional<MigrationAdmin> migration;
  private final FilterReader filters;
  private final AdminEvents events;

  private final Summary summary;
  private final GuestRequests guest;

  /**
   * @param swaps the machine's swaps and writers; empty if nothing provides them
   * @param migration the machine's migrations; empty if nothing provides them
   * @param filters reads what an operator writes for {@link #use}
   * @param controls those who can ask the guest
   * @param events receives what happens to the machine until it ends
   */
  public MachineOperations(
      Machine machine,
      Optional<MachineSwaps> swaps,
      Optional<MigrationAdmin> migration,
      FilterReader filters,
      GuestControls controls,
      AdminEvents events) {
    this.machine = machine;
    this.swaps = swaps;
    this.migration = migration.map(one -> new ConfinedMigration(one, machine));
    this.filters = filters;
    this.events = events;
    machine.watch(new EventPublisher(events));
    this.summary = new Summary(machine);
    this.guest = new GuestRequests(machine, controls, events);
    swaps.ifPresent(
        present -> present.watch(report -> events.publish(new AdminEvent.SwapProgressed(report))));
  }

  @Override
  public MachineStatus status() {
    return machine.isClosed()
        ? new MachineStatus(MachineStatus.Phase.ENDED, "", false)
        : MachineStatus.up(
            swaps.map(MachineSwaps::isStopped).orElse(false), machine.standing().ownership());
  }

  @Override
  public MachineSummary summary() {
    return summary.with(status());
  }

  private Machine machine() throws MachineNotUpException {
    if (machine.isClosed()) {
      throw new MachineNotUpException(status());
    }
    return machine;
  }

  private Backend backend(String id) throws MachineNotUpException, NoSuchObjectException {
    return machine().find(id).orElseThrow(() -> new NoSuchObjectException(id, objectIds()));
  }

  private List<String> objectIds() {
    return machine.backends().stream().map(one -> one.region().id().value()).toList();
  }

  private List<String> deviceIds() {
    return machine.memory().devices().stream().map(MemoryDevice::id).toList();
  }

  @Override
  public List<ObjectStatus> objects() throws MachineNotUpException {
    return machine().statuses();
  }

  @Override
  public ObjectStatus object(String id) throws MachineNotUpException, NoSuchObjectException {
    return machine.status(backend(id));
  }

  @Override
  public List<ObjectCounters> counters() throws MachineNotUpException {
    return machine().backends().stream().map(backend -> backend.region().counters()).toList();
  }

  @Override
  public List<DeviceStatus> devices() throws MachineNotUpException {
    return machine().memory().devices().stream().map(DeviceStatus::of).toList();
  }

  @Override
  public DeviceStatus device(String id) throws MachineNotUpException, NoSuchDeviceException {
    return devices().stream()
        .filter(device -> device.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new NoSuchDeviceException(id, deviceIds()));
  }

  @Override
  public List<AllocatorStatus> allocators() throws MachineNotUpException {
    return machine().candidates().list().stream().map(Candidate::status).toList();
  }

  @Override
  public List<String> options() throws MachineNotUpException {
    return OptionWriter.write(machine().spec());
  }

  @Override
  public List<String> writeFiles(Path folder) throws AdminException {
    return NewFolder.write(folder, machine().spec());
  }

  @Override
  public Added<ObjectStatus> addObject(String type, Map<String, String> properties)
      throws AdminException {
    Backend added = add(Requests.object(type, properties));
    return new Added<>(machine.status(added), Retention.OF_THIS_MACHINE);
  }

  private MonitorFolders folders() throws MachineNotUpException {
    return MonitorFolders.of(MachineDefinition.monitorFolders(machine().spec().machine()));
  }

  /** Opens another memory backend. */
  public Backend add(BackendSpec wanted) throws AdminException {
    folders().require(wanted.object().texts());
    try {
      return machine.addObject(wanted);
    } catch (MachineException e) {
      throw Refusals.of(wanted.id(), deviceIds(), e);
    }
  }

  @Override
  public Retention removeObject(String id) throws AdminException {
    machine();
    try {
      machine.removeObject(id);
    } catch (MachineException e) {
      throw Refusals.of(id, deviceIds(), e);
    }
    return Retention.OF_THIS_MACHINE;
  }

  @Override
  public Added<DeviceStatus> plug(String driver, Map<String, String> properties)
      throws AdminException {
    MemoryDevice added =
        plug(
            DeviceDefinitions.spec(
                Requests.parsedDevice(driver, properties), driver + " without id"));
    return new Added<>(DeviceStatus.of(added), Retention.OF_THIS_MACHINE);
  }

  /** Plugs a device. */
  public MemoryDevice plug(DeviceSpec wanted) throws AdminException {
    machine();
    try {
      return machine.plug(wanted);
    } catch (MachineException e) {
      throw Refusals.of(wanted.name(), deviceIds(), e);
    }
  }

  @Override
  public Unplugging requestUnplug(String id) throws AdminException {
    return requestUnplug(plugged(id), this::removed);
  }

  /**
   * Asks the guest to give up a device.
   *
   * @param removal unplugs it, when the guest has
   */
  public Unplugging requestUnplug(MemoryDevice device, Removal removal) throws AdminException {
    return guest.eject(device, removal);
  }

  /** Returns the plugged device of that id. */
  public MemoryDevice plugged(String id) throws AdminException {
    machine();
    return guest.device(id).orElseThrow(() -> new NoSuchDeviceException(id, deviceIds()));
  }

  @Override
  public Retention unplug(String id) throws AdminException {
    return removed(plugged(id));
  }

  private Retention removed(MemoryDevice device) throws AdminException {
    remove(device);
    return Retention.OF_THIS_MACHINE;
  }

  /** Unplugs a device. */
  public MemoryDevice remove(MemoryDevice device) throws AdminException {
    machine();
    try {
      machine.unplug(device);
      return device;
    } catch (MachineException e) {
      throw Refusals.of(device.id(), deviceIds(), e);
    }
  }

  @Override
  public PropertyChange set(String id, String property, String value) throws AdminException {
    Backend backend = backend(id);
    folders().require(Map.of(property, value));
    try {
      backend.region().requireOurs();
      String requested = backend.set(property, value);
      String inForce = Objects.requireNonNull(backend.properties().get(property));
      return new PropertyChange(requested, inForce, Retention.OF_THIS_MACHINE);
    } catch (OptionException e) {
      throw new InvalidRequestException(e);
    } catch (PreallocationException e) {
      throw new HostException(e);
    } catch (MachineException e) {
      throw Refusals.of(id, deviceIds(), e);
    }
  }

  @Override
  public Retention use(String id, String filter) throws AdminException {
    Region region = backend(id).region();
    if (region.state() == RegionState.FAILED) {
      throw new RefusedException(
          "memory backend '"
              + id
              + "' on "
              + region.backing()
              + " has failed ("
              + region.status().note()
              + "), and no allocator can bring back what it lost; end the guest, check the file and"
              + " its disk, and start the machine again");
    }
    AllocatorFilter wanted = FilterReader.read(filters, filter);
    if (region.eligible(wanted) == 0 && !wanted.text().isEmpty()) {
      String present = region.status().allocator();
      throw new RefusedException(
          "no allocator that takes memory backend '"
              + id
              + "' matches "
              + wanted.text()
              + "; it stays "
              + (present.isEmpty() ? "detached" : "with " + present));
    }
    region.use(wanted);
    return Retention.OF_THIS_MACHINE;
  }

  @Override
  public Granularity persist(String id, long offset, long length) throws AdminException {
    Region region = backend(id).region();
    Requests.range(region, offset, length);
    try {
      return region.persist(offset, length);
    } catch (PersistException e) {
      throw new HostException(e);
    } catch (IllegalStateException e) {
      throw new NoSuchObjectException(id, objectIds()); // removed meanwhile
    }
  }

  private MachineSwaps swaps() throws MachineNotUpException, RefusedException {
    machine();
    return swaps.orElseThrow(
        () ->
            new RefusedException(
                "nothing here swaps memory or knows its writers: add holdfast.machine.swap"));
  }

  @Override
  public SwapPlan planSwap(String id, Map<String, String> changes, SwapLimits limits)
      throws AdminException, SwapException {
    folders().require(changes);
    return swaps().plan(known(id), changes, limits);
  }

  @Override
  public RunningSwap swap(String id, Map<String, String> changes, SwapLimits limits)
      throws AdminException, SwapException {
    folders().require(changes);
    return swaps().start(known(id), changes, limits);
  }

  private BackendId known(String id) throws MachineNotUpException, NoSuchObjectException {
    return backend(id).region().id();
  }

  @Override
  public Optional<RunningSwap> runningSwap(String id)
      throws MachineNotUpException, NoSuchObjectException {
    BackendId known = known(id);
    return swaps.flatMap(present -> present.running(known));
  }

  @Override
  public List<SwapReport> endedSwaps(String id)
      throws MachineNotUpException, NoSuchObjectException {
    BackendId known = known(id);
    return swaps.map(present -> present.history(known)).orElse(List.of());
  }

  @Override
  public void evacuate(String id, Path standby) throws AdminException {
    Backend backend = backend(id);
    folders().require("" + standby, standby.toString());
    MachineSwaps present = swaps();
    String subject = "memory backend '" + id + "' is not evacuated: ";
    if (backend.region().state() != RegionState.FAILED) {
      throw new RefusedException(
          subject + "it has not failed; to move it, swap it to another mem-path");
    }
    if (!present.evacuate(backend, standby)) {
      throw new BusyException(subject + "what can be read of it is just being copied");
    }
  }

  @Override
  public void stop() throws AdminException {
    guest.stop(swaps());
  }

  @Override
  public void cont() throws AdminException {
    guest.cont(swaps());
  }

  @Override
  public MigrationAdmin migration() throws MachineNotUpException, RefusedException {
    machine();
    return migration.orElseThrow(
        () ->
            new RefusedException(
                "this program can't migrate: holdfast.machine.migration is neither on its class path nor among its bundles"));
  }

  @Override
  public void resetGuest() throws AdminException {
    machine();
    guest.reset();
  }

  @Override
  public void powerDownGuest() throws AdminException {
    machine();
    guest.powerDown();
  }

  @Override
  public MachineStatus restart() throws AdminException {
    throw new RefusedException(
        "this machine was opened by a program that uses Holdfast as a library, which alone can"
            + " open it again");
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
