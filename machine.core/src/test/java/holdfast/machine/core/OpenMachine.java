package holdfast.machine.core;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamFlag;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.config.options.OptionException;
import java.util.List;
import java.util.Optional;

/**
 * A machine that is up on blocks without memory, with the operator's service: 1 MiB of RAM, room
 * for 4 devices, and what the options of a test say.
 */
public final class OpenMachine implements AutoCloseable {
  /** Takes everything; service 1, ranking 0. */
  public final FakeAllocator file = new FakeAllocator("file", Granularity.PAGE);

  /** Takes what is persistent memory; service 2, ranking 100. */
  public final FakeAllocator dax =
      new FakeAllocator("dax", Granularity.CACHE_LINE)
          .accepting(spec -> spec.has(RamFlag.RAM_PMEM));

  /** Those who can ask the guest: nobody, unless a test adds one. */
  public final GuestControls controls = new GuestControls();

  private final Candidates candidates = new Candidates();
  private final AdminEvents events = new AdminEvents();

  /** Its migrations. */
  public final FakeMigration migration = new FakeMigration(events);

  private final Machine machine;
  private final MachineOperations admin;

  /** A machine on both allocators. */
  public static OpenMachine of(String... options) {
    return new OpenMachine(true, options);
  }

  /**
   * @param withDax whether {@link #dax} is registered, as {@link #file} is
   * @param options each followed by its value
   */
  public OpenMachine(boolean withDax, String... options) {
    candidates.add(file, file.properties(1, 0));
    if (withDax) {
      candidates.add(dax, dax.properties(2, 100));
    }
    MachineOptions read = new MachineOptions();
    try {
      read.read("-machine", "pc,nvdimm=on");
      read.read("-m", "1M,slots=4,maxmem=1G");
      for (int at = 0; at < options.length; at += 2) {
        read.read(options[at], options[at + 1]);
      }
      machine = Machine.open(read.spec(), candidates, ImageCheck.NONE);
    } catch (OptionException | MachineException e) {
      throw new AssertionError(e);
    }
    admin =
        new MachineOperations(
            machine, Optional.empty(), Optional.of(migration), KindFilter::read, controls, events);
  }

  /** Says whether its guest is here, and whether the writers are stopped. */
  public void become(Ownership ownership, boolean stopped) {
    machine.standing().become(ownership);
    events.publish(new AdminEvent.StatusChanged(MachineStatus.up(stopped, ownership)));
  }

  /** The machine. */
  public Machine machine() {
    return machine;
  }

  /** The operator's service. */
  public MachineOperations admin() {
    return admin;
  }

  /** What there is. */
  public List<ObjectStatus> objects() {
    return machine.backends().stream().map(machine::status).toList();
  }

  /** What is plugged, base RAM among it. */
  public List<DeviceStatus> devices() {
    return machine.memory().devices().stream().map(DeviceStatus::of).toList();
  }

  /** Unregisters an allocator. */
  public void unregister(RamBlockAllocator allocator) {
    candidates.remove(allocator);
  }

  @Override
  public void close() {
    machine.close();
    events.close();
  }
}
