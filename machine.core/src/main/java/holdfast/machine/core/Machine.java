package holdfast.machine.core;

import holdfast.backend.api.HoldfastException;
import holdfast.backend.api.HostLook;
import holdfast.backend.api.RamBlockException;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.core.internal.guest.FlatGuestMemory;
import holdfast.machine.core.internal.guest.LostPages;
import holdfast.machine.core.internal.guest.PlugException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open machine: its open memory backends and its guest memory. Both can be added to and removed
 * from while it is open.
 *
 * <p>Thread-safe. Changes are made one at a time; a caller waits for those of others, but not for
 * ever.
 */
public final class Machine {
  private static final Logger LOG = LoggerFactory.getLogger(Machine.class);
  private static final LostPages LOST_PAGES =
      (region, offset, length, stored) -> ((Region) region).failIfLost(offset, length, stored);

  private final Candidates candidates;
  private final MachineSpec opened;
  private final OpenBackends backends;
  private final PluggedDevices plugged = new PluggedDevices();
  private final List<Runnable> beforeClose = new CopyOnWriteArrayList<>();
  private final List<Runnable> afterClose = new CopyOnWriteArrayList<>();
  private final MachineWatchers watchers = new MachineWatchers();
  private volatile @Nullable MemoryLayout layout;
  private volatile @Nullable FlatGuestMemory memory;

  /** The turn is had while memory backends or devices are added or removed. */
  private final Changes changes = new Changes(this::isClosed);

  private final Standing standing;

  private final Inheritance inheritance;

  private Machine(
      MachineSpec spec, Candidates candidates, ImageCheck images, Inheritance inheritance) {
    this.candidates = candidates;
    this.inheritance = inheritance;
    this.opened = spec;
    this.standing = new Standing(incoming().isPresent() ? Ownership.AWAITED : Ownership.OWNER);
    this.backends =
        new OpenBackends(
            candidates,
            images,
            inheritance,
            MachineDefinition.advice(spec.machine()),
            this::regionChanged,
            this::propertiesChanged,
            this::devicesOn);
  }

  /**
   * Opens a machine: opens the memory backends in order, then plugs the devices in order.
   *
   * @param candidates the available allocators
   * @param images decides which files the machine can be started from
   * @throws MachineException if the machine can't be opened, a {@link NoAllocatorException} if an
   *     allocator is missing that may still be registered; nothing is left behind
   */
  public static Machine open(MachineSpec spec, Candidates candidates, ImageCheck images)
      throws MachineException {
    return open(spec, candidates, images, Inheritance.NONE);
  }

  /**
   * Opens a machine as {@link #open(MachineSpec, Candidates, ImageCheck)} does, on what was handed
   * over to it.
   *
   * @param inheritance the machine's, which closes it; told if the machine can't be opened
   */
  public static Machine open(
      MachineSpec spec, Candidates candidates, ImageCheck images, Inheritance inheritance)
      throws MachineException {
    Machine machine = new Machine(spec, candidates, images, inheritance);
    try {
      machine.bringUp(spec);
      return machine;
    } catch (MachineException e) {
      throw machine.notOpened(e);
    } catch (HoldfastException e) {
      throw machine.notOpened(new MachineException(e));
    } catch (RuntimeException | Error e) {
      machine.notOpened(new MachineException(e.toString()));
      throw e;
    }
  }

  private MachineException notOpened(MachineException reason) {
    inheritance.refuse(reason.getMessage() + "");
    discard();
    return reason;
  }

  private void bringUp(MachineSpec spec) throws HoldfastException {
    MemoryLayout sizes = backends.open(spec);
    layout = sizes;
    FlatGuestMemory guest = new FlatGuestMemory(sizes, backends.baseRam(spec, sizes), LOST_PAGES);
    memory = guest;
    for (int number = 0; number < spec.devices().size(); number++) {
      DeviceSpec device = spec.devices().get(number);
      MachineException.of(true, number, () -> plug(guest, device));
    }
    guest.comeUp();
  }

  private MemoryDevice plug(FlatGuestMemory guest, DeviceSpec device)
      throws MachineException, PlugException {
    return plugged.plug(guest, device, backends.require(device));
  }

  /**
   * Adds a watcher for all changes from now on.
   *
   * @return removes it
   */
  public Runnable watch(MachineWatcher watcher) {
    return watchers.add(watcher);
  }

  private void propertiesChanged(Backend backend) {
    backends.reportChange(
        backend.region(), one -> watchers.tell(watcher -> watcher.objectChanged(one)));
  }

  private void regionChanged(Region region) {
    backends.reportChange(
        region, backend -> watchers.tell(watcher -> watcher.objectChanged(backend)));
    FlatGuestMemory guest = memory;
    if (guest != null) {
      guest.regionChanged(region);
    }
  }

  /**
   * Opens another memory backend.
   *
   * @throws MachineException if it can't be opened; nothing is left behind. The cause says which
   *     option or which call of the host is at fault
   */
  public Backend addObject(BackendSpec declared) throws MachineException {
    changes.enter();
    try {
      OpenBackends.requireNotBaseRam(declared.id());
      Backend added =
          backends.open(
              declared,
              backends.block(declared),
              opened -> watchers.tell(watcher -> watcher.objectAdded(opened)));
      LOG.info("memory backend '{}' was added, on {}", declared.id(), added.region().backing());
      return added;
    } catch (OptionException | RamBlockException e) {
      throw new MachineException(e);
    } finally {
      changes.leave();
    }
  }

  /**
   * Closes a memory backend that no device uses. Its memory is unmapped when this returns, unless a
   * listener of the guest memory has not yet given up a device that was on it.
   *
   * @throws MachineException if it doesn't exist, is in use, or is being swapped or changed
   */
  public void removeObject(String id) throws MachineException {
    changes.enter();
    try {
      Backend backend = find(id).orElseThrow(() -> new UnknownBackendException(id, backends.ids()));
      List<String> users = users(backend);
      if (!users.isEmpty()) {
        throw new BackendInUseException(id, users);
      }
      RegionLease lease =
          backend
              .region()
              .acquire(Backend.LEASE_LIMIT)
              .orElseThrow(
                  () ->
                      new MachineBusyException(
                          "memory backend '"
                              + id
                              + "' is being swapped, copied or changed: remove it when that is"
                              + " over"));
      backends.remove(backend, removed -> watchers.tell(watcher -> watcher.objectRemoved(removed)));
      guest()
          .whenGivenUp(
              backend.region(),
              () -> {
                backend.region().close();
                lease.close();
              });
      LOG.info("memory backend '{}' was removed", id);
    } finally {
      changes.leave();
    }
  }

  /** Returns what an operator sees of a memory backend at this moment. */
  public ObjectStatus status(Backend backend) {
    return backend.status(users(backend), new HostLook());
  }

  /** Returns what an operator sees of all memory backends at this moment, in their order. */
  public List<ObjectStatus> statuses() {
    HostLook look = new HostLook();
    return backends().stream().map(backend -> backend.status(users(backend), look)).toList();
  }

  /** Returns the ids of the devices on a memory backend, base RAM among them. */
  public List<String> users(Backend backend) {
    return devicesOn(backend.region()).stream().map(MemoryDevice::id).toList();
  }

  private List<MemoryDevice> devicesOn(Region region) {
    FlatGuestMemory guest = memory;
    List<MemoryDevice> all = guest == null ? List.of() : guest.devices();
    return all.stream().filter(device -> device.region().equals(region)).toList();
  }

  /**
   * Plugs a device.
   *
   * @throws MachineException if it can't be plugged; nothing is changed
   */
  public MemoryDevice plug(DeviceSpec device) throws MachineException {
    changes.enter();
    try {
      MemoryDevice added = plug(guest(), device);
      LOG.info("{} was plugged", added);
      watchers.tell(watcher -> watcher.devicePlugged(added));
      return added;
    } catch (PlugException e) {
      throw new MachineException(e);
    } finally {
      changes.leave();
    }
  }

  /**
   * Unplugs a device at once. When this returns every listener of the guest memory has given it up,
   * except one that hangs.
   *
   * @throws MachineException if it isn't plugged, even if another one has its id, or is base RAM
   */
  public void unplug(MemoryDevice device) throws MachineException {
    changes.enter();
    try {
      guest().unplug(device);
      plugged.remove(device);
      LOG.info("{} was unplugged", device);
      watchers.tell(watcher -> watcher.deviceUnplugged(device));
    } catch (PlugException e) {
      throw new MachineException(e);
    } finally {
      changes.leave();
    }
  }

  /**
   * Lets nobody add or remove memory backends or devices until {@link #thaw}.
   *
   * @param reason what is told to who wants to, as a sentence
   * @throws MachineException if a change doesn't end, or the machine is frozen or has ended
   */
  public void freeze(String reason) throws MachineException {
    changes.freeze(reason);
  }

  /** Ends what {@link #freeze} began. */
  public void thaw() {
    changes.thaw();
  }

  /** Returns whether the guest is here, and what that allows. */
  public Standing standing() {
    return standing;
  }

  /** Returns what was handed over to it. */
  public Inheritance inheritance() {
    return inheritance;
  }

  /** Returns where its guest is to come from; empty if it has had its own from the start. */
  public Optional<String> incoming() {
    return MachineDefinition.incoming(opened.machine());
  }

  private FlatGuestMemory guest() {
    return Objects.requireNonNull(memory);
  }

  /** Returns the memory backends in the order in which they were opened, base RAM among them. */
  public List<Backend> backends() {
    return backends.list();
  }

  /** Returns the memory backend with this id, if there is one. */
  public Optional<Backend> find(String id) {
    return backends.find(id);
  }

  /** Returns the plugged devices in the order in which they were plugged. */
  public List<MemoryDevice> plugged() {
    return plugged.list();
  }

  /** Returns the type of machine, which decides where its memory is. */
  public MachineType type() {
    return MachineDefinition.type(opened.machine());
  }

  /**
   * Returns what has to be asked for to get this machine as it is now: what was added and plugged
   * since, the properties that were changed, the files that were swapped to, and each device where
   * it is.
   */
  public MachineSpec spec() {
    return backends.spec(opened, plugged.specs());
  }

  /** Returns the sizes of the machine's memory. */
  public MemoryLayout layout() {
    return Objects.requireNonNull(layout);
  }

  /** Returns whether the machine has ended, or is ending. */
  public boolean isClosed() {
    return backends.isClosed();
  }

  /** Returns the available allocators. */
  public Candidates candidates() {
    return candidates;
  }

  /** Returns the guest's memory. */
  public GuestMemory memory() {
    return guest();
  }

  /** Adds a task to run when the machine's memory has been unmapped. */
  public void afterClose(Runnable task) {
    afterClose.add(task);
  }

  /** Adds a task to run before the machine's memory is unmapped. */
  public void beforeClose(Runnable task) {
    beforeClose.add(task);
  }

  /**
   * Ends the machine: removes the devices, which listeners then give up, and unmaps the memory.
   * What a listener that hangs may be using stays mapped until it returns.
   *
   * @return false if it has ended already, or another caller is ending it
   */
  public boolean close() {
    if (!backends.close()) {
      return false;
    }
    beforeClose.forEach(Runnable::run);
    changes.awaitEnd();
    end(Region::close);
    afterClose.forEach(Runnable::run);
    return true;
  }

  /** Returns a list of the machine's parts, for the log. */
  @Override
  public String toString() {
    FlatGuestMemory guest = memory;
    return guest == null
        ? "nothing yet"
        : "memory backends "
            + String.join(", ", backends.ids())
            + "; guest memory "
            + String.join(", ", guest.devices().stream().map(MemoryDevice::id).toList());
  }

  /** Closes a machine that was never published, and deletes all files that were created for it. */
  public void discard() {
    end(Region::discard);
  }

  private void end(Consumer<Region> way) {
    inheritance.close();
    if (standing.ownership() != Ownership.OWNER) {
      backends.list().forEach(backend -> backend.region().keepData());
    }
    FlatGuestMemory guest = memory;
    if (guest == null) {
      backends.list().reversed().forEach(backend -> way.accept(backend.region()));
      return;
    }
    guest.removeAll();
    for (Backend backend : backends.list().reversed()) {
      Region region = backend.region();
      guest.whenGivenUp(region, () -> way.accept(region));
    }
  }
}
