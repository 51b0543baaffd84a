package holdfast.launcher.internal.machine;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.launcher.internal.guest.FlatGuestMemory;
import holdfast.launcher.internal.guest.MachineMemory;
import holdfast.launcher.internal.guest.MachineMemoryException;
import holdfast.launcher.internal.guest.PlugException;
import holdfast.launcher.internal.journal.SwapJournal;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.region.Candidates;
import holdfast.launcher.internal.region.NoAllocatorException;
import holdfast.launcher.internal.region.Region;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine that is up: its open regions and its guest memory. */
public final class Machine {
  private static final Logger LOG = LoggerFactory.getLogger(Machine.class);
  private static final String BASE_RAM = "pc.ram";

  private final List<OpenBackend> backends = new ArrayList<>();
  private final List<Runnable> beforeClose = new CopyOnWriteArrayList<>();
  private @Nullable FlatGuestMemory memory;
  private volatile Consumer<OpenBackend> onFailure = backend -> {};

  private Machine() {}

  /**
   * Brings a machine up: checks {@code -machine} and {@code -m}, opens the memory backends in
   * order, plugs the devices in order.
   *
   * @param candidates the allocators for the base RAM
   * @throws NoAllocatorException if an allocator is missing that may come yet
   * @throws MachineException otherwise; in both cases nothing is left behind
   */
  static Machine open(
      ParsedObject configuration,
      List<MemoryBackendComponent> backends,
      List<MemoryDeviceComponent> devices,
      Candidates candidates)
      throws MachineException, NoAllocatorException {
    Machine machine = new Machine();
    try {
      machine.bringUp(configuration, backends, devices, candidates);
      return machine;
    } catch (OptionException | MachineMemoryException | PlugException | RamBlockException e) {
      machine.discard();
      throw new MachineException(e.getMessage() + "");
    } catch (MachineException | NoAllocatorException | RuntimeException | Error e) {
      machine.discard();
      throw e;
    }
  }

  private void bringUp(
      ParsedObject configuration,
      List<MemoryBackendComponent> declaredBackends,
      List<MemoryDeviceComponent> declaredDevices,
      Candidates candidates)
      throws OptionException,
          MachineMemoryException,
          MachineException,
          NoAllocatorException,
          RamBlockException,
          PlugException {
    MemoryAdvice standard = MachineDefinition.advice(configuration);
    Optional<String> ramBackend = MachineDefinition.memoryBackend(configuration);
    ByteSize ramBackendSize = null;
    for (MemoryBackendComponent declared : declaredBackends) {
      RamBlockSpec spec = declared.spec(standard);
      if (ramBackend.isPresent() && spec.id().value().equals(ramBackend.get())) {
        ramBackendSize = spec.size();
      }
    }
    MachineMemory layout = MachineDefinition.memory(configuration, ramBackendSize);
    for (MemoryBackendComponent declared : declaredBackends) {
      open(declared, standard, ramBackend.isPresent());
    }
    Region ram =
        ramBackend.isPresent()
            ? region(ramBackend.get(), "-machine: memory-backend=")
            : openBaseRam(layout.ram(), standard, candidates);
    FlatGuestMemory guest = new FlatGuestMemory(layout, ram, Machine::failIfLost);
    memory = guest;
    for (MemoryDeviceComponent declared : declaredDevices) {
      ParsedObject device = declared.device();
      String memdev = DeviceDefinitions.memdev(device);
      String subject = "device '" + device.id().orElse(declared.name()) + "': memdev=";
      guest.plug(DeviceDefinitions.request(device, region(memdev, subject)));
    }
  }

  private void open(MemoryBackendComponent declared, MemoryAdvice standard, boolean baseRamIsNamed)
      throws OptionException, MachineException, NoAllocatorException, RamBlockException {
    RamBlockSpec spec = declared.spec(standard);
    if (spec.id().value().equals(BASE_RAM) && !baseRamIsNamed) {
      throw new MachineException(
          "memory backend '"
              + BASE_RAM
              + "': that is the name of the base RAM; give it another id, or name it with -machine"
              + " memory-backend="
              + BASE_RAM);
    }
    if (find(spec.id().value()).isPresent()) {
      throw new MachineException(
          "memory backend '"
              + spec.id()
              + "': the id is taken; give each -object an id of its own");
    }
    requireGoodFile(spec);
    Region region =
        Region.open(spec, declared.candidates(), declared.target(), this::regionChanged);
    try {
      requireGoodFile(spec); // another process may have swapped it before it was locked here
    } catch (MachineException e) {
      region.close();
      throw e;
    }
    backends.add(
        new OpenBackend(declared.type(), declared.pid(), region, declared.object(), standard));
  }

  /** That the file is not the wrong one of the two of a swap. */
  private static void requireGoodFile(RamBlockSpec spec) throws MachineException {
    if (spec.backing() instanceof Backing.File file) {
      String refusal = SwapJournal.refusal(file.path());
      if (!refusal.isEmpty()) {
        throw new MachineException(
            "memory backend '" + spec.id() + "' on " + file.path() + ": " + refusal);
      }
    }
  }

  /**
   * A component of a memory backend that is open was configured again or came anew: the region
   * follows its allocators, and takes over what can be changed while it is in use.
   */
  void follow(MemoryBackendComponent declared, Swapper swapper) {
    Optional<OpenBackend> open =
        backends.stream().filter(b -> b.pid().equals(declared.pid())).findFirst();
    if (open.isEmpty()) {
      return;
    }
    OpenBackend backend = open.get();
    try {
      backend.region().follow(declared.candidates(), declared.target());
      ParsedObject next = declared.object();
      if (backend.hear(next) && !swapper.swap(this, backend, next)) {
        List<String> refused = backend.unchangeable(next);
        if (!refused.isEmpty()) {
          LOG.warn(
              "memory backend '{}': can't be changed while it is in use: {}; what is configured now"
                  + " holds from the machine's next start on",
              backend.region().id(),
              String.join(", ", refused));
        }
        backend.change(next);
      }
    } catch (PreallocationException e) {
      LOG.warn("{}, which stays in force", e.getMessage());
    } catch (OptionException | MachineException e) {
      LOG.warn("{}; what is open stays as it is", e.getMessage());
    }
  }

  private Region openBaseRam(ByteSize size, MemoryAdvice standard, Candidates candidates)
      throws MachineException, NoAllocatorException, RamBlockException {
    SequencedMap<String, String> properties = new LinkedHashMap<>();
    properties.put("id", BASE_RAM);
    properties.put("size", size.toString());
    ParsedObject object;
    try {
      object = BackendDefinitions.RAM.checkConfiguration(BASE_RAM, properties);
    } catch (OptionException e) {
      throw new MachineException("" + e.getMessage());
    }
    RamBlockSpec spec = BackendDefinitions.spec(object, standard);
    Region region = Region.open(spec, candidates, null, this::regionChanged);
    backends.add(new OpenBackend(BackendDefinitions.RAM, "", region, object, standard));
    return region;
  }

  private Region region(String id, String subject) throws MachineException {
    return find(id)
        .map(OpenBackend::region)
        .orElseThrow(
            () ->
                new MachineException(
                    subject
                        + id
                        + " names no memory backend; there "
                        + (backends.isEmpty() ? "is none" : "are " + ids())
                        + "; add -object memory-backend-file,id="
                        + id
                        + ",…"));
  }

  private String ids() {
    return String.join(", ", backends.stream().map(b -> b.region().id().value()).toList());
  }

  /** {@code listener} is told of each memory backend whose memory fails from now on. */
  public void onFailure(Consumer<OpenBackend> listener) {
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

  /** The memory backends, in the order of their objects; the base RAM last if it has none. */
  public List<OpenBackend> backends() {
    return List.copyOf(backends);
  }

  /** The memory backend with an id. */
  public Optional<OpenBackend> find(String id) {
    return backends.stream().filter(b -> b.region().id().value().equals(id)).findFirst();
  }

  /** The guest's memory. */
  public FlatGuestMemory memory() {
    return Objects.requireNonNull(memory);
  }

  /** {@code task} is run before the machine's memory goes. */
  public void beforeClose(Runnable task) {
    beforeClose.add(task);
  }

  /** Ends the machine: devices are taken out, listeners let go, then the memory goes. */
  void close() {
    beforeClose.forEach(Runnable::run);
    memory().removeAll();
    backends.reversed().forEach(backend -> backend.region().close());
  }

  /** Takes back a machine that nobody has seen up, with all files made for it. */
  void discard() {
    if (memory != null) {
      memory.removeAll();
    }
    backends.reversed().forEach(backend -> backend.region().discard());
  }
}
