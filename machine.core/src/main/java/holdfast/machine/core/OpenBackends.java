package holdfast.machine.core;

import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.HoldfastException;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The open memory backends of a machine, in the order in which they were opened. Thread-safe, but
 * two callers must not open one of the same id at the same time.
 */
final class OpenBackends {
  private static final String BASE_RAM = "pc.ram";

  private final Candidates candidates;
  private final ImageCheck images;
  private final Inheritance inherited;
  private final MemoryAdvice standard;
  private final Consumer<Region> changed;
  private final Consumer<Backend> altered;
  private final Function<Region, List<MemoryDevice>> devices;
  private final List<Backend> open = new CopyOnWriteArrayList<>();

  /** Guarded by {@link #open}. */
  private boolean closed;

  /**
   * @param images decides which files can be opened
   * @param inherited what needn't be opened
   * @param standard the advice for what a memory backend leaves open
   * @param changed called after each change of a region, with no lock held
   * @param altered called after each change of a memory backend's properties, with no lock held
   * @param devices tells which devices are on a region
   */
  OpenBackends(
      Candidates candidates,
      ImageCheck images,
      Inheritance inherited,
      MemoryAdvice standard,
      Consumer<Region> changed,
      Consumer<Backend> altered,
      Function<Region, List<MemoryDevice>> devices) {
    this.altered = altered;
    this.devices = devices;
    this.candidates = candidates;
    this.images = images;
    this.inherited = inherited;
    this.standard = standard;
    this.changed = changed;
  }

  /** Returns all of them. */
  List<Backend> list() {
    return List.copyOf(open);
  }

  /**
   * Returns what has to be asked for to get them as they are now, with some devices. Base RAM that
   * was not named is named if it was changed since.
   */
  MachineSpec spec(MachineSpec opened, List<DeviceSpec> plugged) {
    ParsedObject machine = MachineDefinition.withIncoming(opened.machine(), Optional.empty());
    List<BackendSpec> specs = new ArrayList<>();
    for (Backend one : open) {
      if (!one.goesWithoutSaying()) {
        specs.add(one.spec());
        if (one.isImplicit()) {
          machine = MachineDefinition.withMemoryBackend(machine, BASE_RAM);
        }
      }
    }
    return new MachineSpec(machine, opened.layout(), specs, plugged);
  }

  /** Returns the one with this id, if there is one. */
  Optional<Backend> find(String id) {
    return open.stream().filter(one -> one.region().id().value().equals(id)).findFirst();
  }

  /** Returns the one with this region, if it is open. */
  @SuppressWarnings("ReferenceEquality") // a region is itself
  Optional<Backend> find(Region region) {
    return open.stream().filter(one -> one.region() == region).findFirst();
  }

  /**
   * Returns the region of the one that a device names.
   *
   * @throws UnknownBackendException if there is none
   */
  Region require(DeviceSpec device) throws UnknownBackendException {
    return require("device '" + device.name() + "': memdev=", device.memdev());
  }

  /**
   * Returns the region of the one with this id.
   *
   * @param subject where it is named, for the sentence of a refusal
   */
  private Region require(String subject, String id) throws UnknownBackendException {
    return find(id)
        .map(Backend::region)
        .orElseThrow(() -> new UnknownBackendException(subject, id, ids()));
  }

  /** Returns their ids. */
  List<String> ids() {
    return open.stream().map(one -> one.region().id().value()).toList();
  }

  /** Checks that a memory backend doesn't have the name of the base RAM. */
  static void requireNotBaseRam(String id) throws MachineException {
    if (id.equals(BASE_RAM)) {
      throw new MachineException(
          "memory backend '"
              + BASE_RAM
              + "': that is the name of the base RAM; give it another id, or make it the base RAM with"
              + " the machine's memory-backend="
              + BASE_RAM);
    }
  }

  /**
   * Opens the memory backends of a machine that is brought up.
   *
   * @return the sizes of the machine's memory
   * @throws HoldfastException if one can't be opened, or the sizes contradict each other; those
   *     before it are open
   */
  MemoryLayout open(MachineSpec spec) throws HoldfastException {
    Optional<String> ramBackend = MachineDefinition.memoryBackend(spec.machine());
    ByteSize ramBackendSize = null;
    List<RamBlockSpec> blocks = new ArrayList<>();
    for (int number = 0; number < spec.backends().size(); number++) {
      BackendSpec declared = spec.backends().get(number);
      RamBlockSpec block = MachineException.of(false, number, () -> block(declared));
      blocks.add(block);
      if (ramBackend.isPresent() && declared.id().equals(ramBackend.get())) {
        ramBackendSize = block.size();
      }
    }
    MemoryLayout sizes = MachineDefinition.memory(spec, ramBackendSize);
    for (int number = 0; number < spec.backends().size(); number++) {
      BackendSpec declared = spec.backends().get(number);
      RamBlockSpec block = blocks.get(number);
      MachineException.of(
          false,
          number,
          () -> {
            if (ramBackend.isEmpty()) {
              requireNotBaseRam(declared.id());
            }
            return open(declared, inheriting(block), opened -> {});
          });
    }
    return sizes;
  }

  /** Returns the block as it was handed over, if it was. */
  private RamBlockSpec inheriting(RamBlockSpec block) {
    OptionalInt descriptor = inherited.descriptor(block.id().value());
    return descriptor.isPresent() ? block.inheriting(descriptor.getAsInt()) : block;
  }

  /** Returns the region of the base RAM: that of the memory backend that is named, or a new one. */
  Region baseRam(MachineSpec spec, MemoryLayout sizes) throws HoldfastException {
    Optional<String> named = MachineDefinition.memoryBackend(spec.machine());
    return named.isPresent()
        ? require("the machine's memory-backend=", named.get())
        : openBaseRam(sizes.ram());
  }

  /** Returns the block that a memory backend asks for. */
  RamBlockSpec block(BackendSpec declared) throws OptionException {
    return declared.block(standard);
  }

  /**
   * Opens a memory backend.
   *
   * @param then called when it is among them, before anything else is reported of it
   * @throws MachineException if another one has the id, its file must not be used, no allocator
   *     takes it, or the machine has ended; nothing is left behind
   */
  Backend open(BackendSpec declared, RamBlockSpec block, Consumer<Backend> then)
      throws MachineException, RamBlockException {
    if (find(declared.id()).isPresent()) {
      throw new TakenIdException(declared.id());
    }
    requireGoodFile(block);
    Region region = openRegion(declared, block);
    try {
      requireGoodFile(block); // another process may have swapped it before it was locked here
    } catch (MachineException e) {
      region.close();
      throw e;
    }
    Backend backend = new Backend(declared.object(), region, standard, false, altered, devices);
    synchronized (open) {
      if (!closed) {
        open.add(backend);
        then.accept(backend);
        return backend;
      }
    }
    region.close();
    throw new MachineEndedException();
  }

  /** Opens the region; a file that this machine itself has open is told from one of others. */
  private Region openRegion(BackendSpec declared, RamBlockSpec block)
      throws MachineException, RamBlockException {
    try {
      return Region.open(block, candidates, declared.allocator(), changed);
    } catch (BackingLockedException e) {
      Optional<Backend> holder =
          open.stream().filter(one -> isOn(one, block.backing())).findFirst();
      if (holder.isEmpty()) {
        throw e;
      }
      throw new MachineException(
          "memory backend '"
              + block.id()
              + "' on "
              + block.backing()
              + ": memory backend '"
              + holder.get().region().id()
              + "' of this machine has that file open; name another file, or remove that one first",
          e);
    }
  }

  private static boolean isOn(Backend backend, Backing backing) {
    return backing instanceof Backing.File file
        && backend.region().spec().backing() instanceof Backing.File other
        && other.path().toAbsolutePath().equals(file.path().toAbsolutePath());
  }

  /** Checks that, of the two files of a swap, this is not the invalid one. */
  private void requireGoodFile(RamBlockSpec spec) throws MachineException {
    if (spec.backing() instanceof Backing.File file) {
      Optional<String> refusal = images.refusal(file.path());
      if (refusal.isPresent()) {
        throw new MachineException(
            "memory backend '" + spec.id() + "' on " + file.path() + ": " + refusal.get());
      }
    }
  }

  /** Opens base RAM that no object names: plain memory. */
  private Region openBaseRam(ByteSize size)
      throws OptionException, NoAllocatorException, RamBlockException {
    SequencedMap<String, String> properties = new LinkedHashMap<>();
    properties.put("id", BASE_RAM);
    properties.put("size", size.toString());
    ParsedObject object = BackendDefinitions.RAM.checkConfiguration(BASE_RAM, properties);
    RamBlockSpec spec = BackendDefinitions.spec(object, standard);
    Region region = Region.open(spec, candidates, AllocatorFilter.ANY, changed);
    open.add(new Backend(object, region, standard, true, altered, devices));
    return region;
  }

  /**
   * Removes one from the list; its region is still open.
   *
   * @param then called when it is no longer among them, after all that was reported of it
   */
  void remove(Backend backend, Consumer<Backend> then) {
    synchronized (open) {
      open.remove(backend);
      then.accept(backend);
    }
  }

  /**
   * Calls {@code then} if the region is that of one of them, in order with its coming and going.
   */
  void reportChange(Region region, Consumer<Backend> then) {
    synchronized (open) {
      find(region).ifPresent(then);
    }
  }

  /** Keeps any more from being opened; returns false if that was so before. */
  boolean close() {
    synchronized (open) {
      boolean first = !closed;
      closed = true;
      return first;
    }
  }

  /** Returns whether no more can be opened. */
  boolean isClosed() {
    synchronized (open) {
      return closed;
    }
  }
}
