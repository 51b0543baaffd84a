package holdfast.machine.core;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.internal.guest.DeviceRequest;
import holdfast.machine.core.internal.guest.FlatGuestMemory;
import holdfast.machine.core.internal.guest.PlugException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An open machine: its open regions and its guest memory. */
public final class Machine {
  private static final String BASE_RAM = "pc.ram";

  private final Candidates candidates;
  private final ImageCheck images;
  private final List<Backend> backends = new ArrayList<>();
  private final List<Runnable> beforeClose = new CopyOnWriteArrayList<>();
  private @Nullable FlatGuestMemory memory;
  private volatile Consumer<Backend> onFailure = backend -> {};
  private final AtomicBoolean closed = new AtomicBoolean();

  private Machine(Candidates candidates, ImageCheck images) {
    this.candidates = candidates;
    this.images = images;
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
    Machine machine = new Machine(candidates, images);
    try {
      machine.bringUp(spec);
      return machine;
    } catch (OptionException | MemoryLayoutException | RamBlockException e) {
      machine.discard();
      throw new MachineException(e);
    } catch (MachineException | RuntimeException | Error e) {
      machine.discard();
      throw e;
    }
  }

  private void bringUp(MachineSpec spec)
      throws MemoryLayoutException, OptionException, MachineException, RamBlockException {
    MemoryAdvice standard = MachineDefinition.advice(spec.machine());
    Optional<String> ramBackend = MachineDefinition.memoryBackend(spec.machine());
    ByteSize ramBackendSize = null;
    List<RamBlockSpec> blocks = new ArrayList<>();
    for (int number = 0; number < spec.backends().size(); number++) {
      BackendSpec declared = spec.backends().get(number);
      RamBlockSpec block = of(false, number, () -> declared.block(standard));
      blocks.add(block);
      if (ramBackend.isPresent() && declared.id().equals(ramBackend.get())) {
        ramBackendSize = block.size();
      }
    }
    MemoryLayout layout = MachineDefinition.memory(spec, ramBackendSize);
    for (int number = 0; number < spec.backends().size(); number++) {
      BackendSpec declared = spec.backends().get(number);
      RamBlockSpec block = blocks.get(number);
      of(false, number, () -> open(declared, block, standard, ramBackend.isPresent()));
    }
    Region ram =
        ramBackend.isPresent()
            ? region("the machine's memory-backend=", ramBackend.get())
            : openBaseRam(layout.ram(), standard);
    FlatGuestMemory guest = new FlatGuestMemory(layout, ram, Machine::failIfLost);
    memory = guest;
    for (int number = 0; number < spec.devices().size(); number++) {
      DeviceSpec device = spec.devices().get(number);
      of(true, number, () -> plug(guest, device));
    }
  }

  private MemoryDevice plug(FlatGuestMemory guest, DeviceSpec device)
      throws MachineException, PlugException {
    Region region = region("device '" + device.name() + "': memdev=", device.memdev());
    return guest.plug(DeviceRequest.of(device, region));
  }

  /** Makes the result for one requested part of the machine. */
  private interface Step<T> {
    T made() throws OptionException, MachineException, RamBlockException, PlugException;
  }

  /** Runs the step of one part; an exception says which part it is about. */
  private static <T> T of(boolean isDevice, int number, Step<T> step) throws MachineException {
    MachineException.Part part = new MachineException.Part(isDevice, number);
    try {
      return step.made();
    } catch (MachineException e) {
      throw e.about(part);
    } catch (OptionException | RamBlockException | PlugException e) {
      throw new MachineException(e).about(part);
    }
  }

  private Region open(
      BackendSpec declared, RamBlockSpec block, MemoryAdvice standard, boolean baseRamIsNamed)
      throws MachineException, RamBlockException {
    if (declared.id().equals(BASE_RAM) && !baseRamIsNamed) {
      throw new MachineException(
          "memory backend '"
              + BASE_RAM
              + "': that is the name of the base RAM; give it another id, or make it the base RAM with"
              + " the machine's memory-backend="
              + BASE_RAM);
    }
    if (find(declared.id()).isPresent()) {
      throw new TakenIdException(declared.id());
    }
    requireGoodFile(block);
    Region region = Region.open(block, candidates, declared.allocator(), this::regionChanged);
    try {
      requireGoodFile(block); // another process may have swapped it before it was locked here
    } catch (MachineException e) {
      region.close();
      throw e;
    }
    backends.add(new Backend(declared.object(), region, standard, false));
    return region;
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

  private Region openBaseRam(ByteSize size, MemoryAdvice standard)
      throws OptionException, NoAllocatorException, RamBlockException {
    SequencedMap<String, String> properties = new LinkedHashMap<>();
    properties.put("id", BASE_RAM);
    properties.put("size", size.toString());
    ParsedObject object = BackendDefinitions.RAM.checkConfiguration(BASE_RAM, properties);
    RamBlockSpec spec = BackendDefinitions.spec(object, standard);
    Region region = Region.open(spec, candidates, AllocatorFilter.ANY, this::regionChanged);
    backends.add(new Backend(object, region, standard, true));
    return region;
  }

  private Region region(String subject, String id) throws UnknownBackendException {
    return find(id)
        .map(Backend::region)
        .orElseThrow(() -> new UnknownBackendException(subject, id, ids()));
  }

  private List<String> ids() {
    return backends.stream().map(backend -> backend.region().id().value()).toList();
  }

  /** Adds a listener that is called for each memory backend whose memory fails from now on. */
  public void onFailure(Consumer<Backend> listener) {
    onFailure = listener;
  }

  private void regionChanged(Region region) {
    if (region.state() == RegionState.FAILED) {
      find(region.id().value()).ifPresent(onFailure);
    }
    FlatGuestMemory guest = memory;
    if (guest != null) {
      guest.regionChanged(region);
    }
  }

  private static boolean failIfLost(MemoryRegion region, long offset, long length, boolean stored) {
    return region instanceof Region ours && ours.failIfLost(offset, length, stored);
  }

  /** Returns the memory backends in the order of their objects; implicit base RAM comes last. */
  public List<Backend> backends() {
    return List.copyOf(backends);
  }

  /** Returns the memory backend with this id, if there is one. */
  public Optional<Backend> find(String id) {
    return backends.stream().filter(b -> b.region().id().value().equals(id)).findFirst();
  }

  /** Returns the guest's memory. */
  public GuestMemory memory() {
    return Objects.requireNonNull(memory);
  }

  /** Adds a task to run before the machine's memory is unmapped. */
  public void beforeClose(Runnable task) {
    beforeClose.add(task);
  }

  /**
   * Ends the machine: removes the devices, which listeners then give up, and unmaps the memory.
   * What a listener that hangs may be using stays mapped until it returns.
   */
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    beforeClose.forEach(Runnable::run);
    end(Region::close);
  }

  /** Returns a list of the machine's parts, for the log. */
  @Override
  public String toString() {
    FlatGuestMemory guest = memory;
    return guest == null
        ? "nothing yet"
        : "memory backends "
            + String.join(", ", ids())
            + "; guest memory "
            + String.join(", ", guest.devices().stream().map(MemoryDevice::id).toList());
  }

  /** Closes a machine that was never published, and deletes all files that were created for it. */
  public void discard() {
    end(Region::discard);
  }

  private void end(Consumer<Region> way) {
    FlatGuestMemory guest = memory;
    if (guest == null) {
      backends.reversed().forEach(backend -> way.accept(backend.region()));
      return;
    }
    guest.removeAll();
    for (Backend backend : backends.reversed()) {
      Region region = backend.region();
      guest.whenGivenUp(region, () -> way.accept(region));
    }
  }
}
