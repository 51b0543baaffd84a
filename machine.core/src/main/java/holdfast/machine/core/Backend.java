package holdfast.machine.core;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.HostLook;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;

/** A memory backend of an open machine. Thread-safe. */
public final class Backend {
  /** How long to wait while another caller plans a swap or changes a property. */
  static final Duration LEASE_LIMIT = Duration.ofSeconds(1);

  private final boolean implicit;
  private final Consumer<Backend> changed;
  private final Function<Region, List<MemoryDevice>> devices;
  private final Region region;
  private final ParsedObject opened;
  private final MemoryAdvice standard;
  private volatile ParsedObject inForce;
  private volatile String rescue = "";
  private final AtomicBoolean rescuing = new AtomicBoolean();

  /**
   * @param object its properties as it was opened
   * @param implicit whether it was not declared: base RAM that is plain memory
   * @param standard the advice for what the properties leave open
   * @param changed called when its properties have changed, with no lock held
   * @param devices tells which devices are on a region
   */
  Backend(
      ParsedObject object,
      Region region,
      MemoryAdvice standard,
      boolean implicit,
      Consumer<Backend> changed,
      Function<Region, List<MemoryDevice>> devices) {
    this.devices = devices;
    this.opened = object;
    this.implicit = implicit;
    this.changed = changed;
    this.region = region;
    this.inForce = object;
    this.standard = standard;
  }

  /** Returns the name of its type, such as {@code memory-backend-file}. */
  public String type() {
    return inForce.typeName();
  }

  /** Returns the definition of its type. */
  public TypeDefinition definition() {
    return inForce.type();
  }

  /**
   * Returns whether it was not declared: it is the base RAM of a machine that names no backend for
   * it.
   */
  public boolean isImplicit() {
    return implicit;
  }

  /** Returns its open region. */
  public Region region() {
    return region;
  }

  /**
   * Returns the properties that are in force, in their canonical form and in the order of its type.
   */
  public SequencedMap<String, String> properties() {
    return BackendDefinitions.withAdvice(inForce, region.status().block().advice()).texts();
  }

  /**
   * Returns what an operator sees of it at this moment.
   *
   * @param devices the ids of the devices on it
   * @param look the look at the host that this is part of
   */
  public ObjectStatus status(List<String> devices, HostLook look) {
    Region.Status now = region.status();
    RamBlock block = now.block();
    return new ObjectStatus(
        block.spec().id().value(),
        type(),
        implicit,
        block.spec().backing(),
        block.spec().size(),
        block.align(),
        block.pageSize(),
        block.segment().address(),
        block.spec().flags(),
        block.obtained(),
        block.durability(),
        block.evidence(look),
        now.state(),
        now.allocator(),
        now.note(),
        region.filter().text(),
        rescue,
        devices,
        properties());
  }

  /** Returns the file to which everything readable is copied if its memory fails. */
  public Optional<Path> standby() {
    return BackendDefinitions.standby(inForce);
  }

  /**
   * Returns what became of its content when its memory failed, as a sentence; empty if it has not
   * failed.
   */
  public String rescue() {
    return rescue;
  }

  /** Records what became of its content after its memory failed: its rescue has ended. */
  public void rescued(String sentence) {
    rescue = sentence;
    rescuing.set(false);
  }

  /** Begins the rescue of its content; returns false if one is under way. */
  public boolean beginRescue() {
    return rescuing.compareAndSet(false, true);
  }

  /** Returns the properties that were last requested and accepted. */
  public ParsedObject object() {
    return inForce;
  }

  /** Returns what has to be asked for to get this memory backend as it is now. */
  BackendSpec spec() {
    return new BackendSpec(inForce, region.filter());
  }

  /** Returns whether a start that asks for nothing else makes it as it is now. */
  boolean goesWithoutSaying() {
    return implicit && inForce.equals(opened);
  }

  /** Returns the devices on it, base RAM among them. */
  List<MemoryDevice> devices() {
    return devices.apply(region);
  }

  /**
   * Returns why its devices could not be plugged again as they are if its memory had another
   * alignment, as a sentence; empty if they could.
   */
  public Optional<String> misplacedBy(Alignment next) {
    return devices().stream()
        .filter(device -> device.driver() != DeviceKind.RAM && !fits(device, next))
        .findFirst()
        .map(
            device ->
                "device '"
                    + device.id()
                    + "' is at "
                    + device.address()
                    + " with "
                    + device.size()
                    + " for an alignment of "
                    + region.align()
                    + ", and with the new one of "
                    + next
                    + " the next start would refuse it or cut it: ask for a smaller align, or for"
                    + " memory with smaller pages");
  }

  private boolean fits(MemoryDevice device, Alignment next) {
    long size = device.size().bytes();
    long unlabelled = region.size().bytes() - device.labelSize().bytes();
    return next.divides(device.address().value())
        && (device.driver() == DeviceKind.PC_DIMM
            ? next.divides(size)
            : next.roundDown(unlabelled) == size);
  }

  /**
   * Returns the block that other properties of this backend would ask for.
   *
   * @throws OptionException if they contradict each other
   */
  public RamBlockSpec specOf(ParsedObject object) throws OptionException {
    return BackendDefinitions.spec(object, standard);
  }

  /**
   * Records that the region was swapped: from now on it has the type and the properties of {@code
   * object}.
   */
  public synchronized void swapped(ParsedObject object) {
    inForce = object;
  }

  /** Restricts the region to allocators that match. */
  public void use(AllocatorFilter wish) {
    if (!region.filter().text().equals(wish.text())) {
      region.use(wish);
    }
  }

  /**
   * Changes one property at once.
   *
   * @param text the value as on the command line
   * @return the value in its canonical form; {@code prealloc=off} has no effect on pages that are
   *     present, so {@code on} stays in force
   * @throws OptionException if there is no such property, it can't be changed while the backend is
   *     in use, {@code text} is not one of its values, or it contradicts another property
   * @throws MachineException if the backend is being swapped, or changed by another caller
   * @throws PreallocationException if the host can't make all pages present
   */
  public String set(String property, String text)
      throws OptionException, MachineException, PreallocationException {
    ParsedObject next;
    try {
      next = definition().change(inForce, property, text);
    } catch (OptionException e) {
      throw e.within("memory backend '" + region.id() + "': ");
    }
    change(next);
    return next.text(property).orElseThrow();
  }

  /** Returns the names of the properties that differ in {@code next} and can't be changed now. */
  public List<String> unchangeable(ParsedObject next) {
    List<String> live = definition().liveNames();
    return inForce.differences(next).stream().filter(name -> !live.contains(name)).toList();
  }

  /**
   * Applies those changes that are possible while the backend is in use. Pages that were made
   * present stay so, whatever {@code prealloc} is now.
   *
   * @throws OptionException if a change contradicts a property that can't be changed; nothing is
   *     changed
   * @throws MachineException if the backend is being swapped, or changed by another caller; nothing
   *     is changed
   * @throws PreallocationException if the host can't make all pages present; the rest is changed
   */
  public void change(ParsedObject next)
      throws OptionException, MachineException, PreallocationException {
    if (inForce.differences(next).isEmpty()) {
      return;
    }
    Optional<RegionLease> acquired = region.acquire(LEASE_LIMIT);
    if (acquired.isEmpty()) {
      throw MachineBusyException.of(this);
    }
    try (RegionLease _ = acquired.get()) {
      changeHeld(next);
    } finally {
      changed.accept(this);
    }
  }

  private synchronized void changeHeld(ParsedObject next)
      throws OptionException, PreallocationException {
    boolean present = BackendDefinitions.isPreallocated(inForce);
    ParsedObject wanted = inForce;
    for (String name : inForce.differences(next)) {
      if (definition().liveNames().contains(name)) {
        wanted = wanted.withValueOf(name, next);
      }
    }
    region.advise(BackendDefinitions.spec(wanted, standard).advice());
    inForce = BackendDefinitions.withPreallocation(wanted, present);
    if (BackendDefinitions.isPreallocated(wanted) && !present) {
      region.preallocate(BackendDefinitions.threads(wanted));
      inForce = wanted;
    }
  }
}
