package holdfast.launcher.internal.machine;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
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
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private final Origin origin;
  private final Candidates candidates;
  private final List<OpenBackend> backends = new ArrayList<>();
  private final List<Runnable> beforeClose = new CopyOnWriteArrayList<>();
  private @Nullable FlatGuestMemory memory;
  private volatile Consumer<OpenBackend> onFailure = backend -> {};

  private Machine(Origin origin, Candidates candidates) {
    this.origin = origin;
    this.candidates = candidates;
  }

  /**
   * Brings a machine up: checks {@code -machine} and {@code -m}, opens the memory backends in
   * order, plugs the devices in order.
   *
   * @param origin where all this is written
   * @param candidates the allocators there are
   * @throws NoAllocatorException if an allocator is missing that may come yet
   * @throws MachineException otherwise; in both cases nothing is left behind
   */
  static Machine open(
      Origin origin,
      ParsedObject configuration,
      List<Declaration> backends,
      List<Declaration> devices,
      Candidates candidates)
      throws MachineException, NoAllocatorException {
    Machine machine = new Machine(origin, candidates);
    try {
      machine.bringUp(configuration, backends, devices);
      return machine;
    } catch (MachineMemoryException | RamBlockException e) {
      machine.discard();
      throw new MachineException(e.getMessage() + "");
    } catch (MachineException | NoAllocatorException | RuntimeException | Error e) {
      machine.discard();
      throw e;
    }
  }

  private void bringUp(
      ParsedObject configuration,
      List<Declaration> declaredBackends,
      List<Declaration> declaredDevices)
      throws MachineMemoryException, MachineException, NoAllocatorException, RamBlockException {
    MemoryAdvice standard = MachineDefinition.advice(configuration);
    Optional<String> ramBackend = MachineDefinition.memoryBackend(configuration);
    ByteSize ramBackendSize = null;
    for (Declaration declared : declaredBackends) {
      RamBlockSpec spec = of(declared, () -> declared.spec(standard));
      if (ramBackend.isPresent() && spec.id().value().equals(ramBackend.get())) {
        ramBackendSize = spec.size();
      }
    }
    MachineMemory layout = MachineDefinition.memory(configuration, ramBackendSize);
    for (Declaration declared : declaredBackends) {
      of(
          declared,
          () -> {
            open(declared, standard, ramBackend.isPresent());
            return declared;
          });
    }
    Region ram =
        ramBackend.isPresent()
            ? region(ramBackend.get(), "the machine's memory-backend=")
            : openBaseRam(layout.ram(), standard);
    FlatGuestMemory guest = new FlatGuestMemory(layout, ram, Machine::failIfLost);
    memory = guest;
    for (Declaration declared : declaredDevices) {
      of(
          declared,
          () -> {
            ParsedObject device = declared.object();
            String memdev = DeviceDefinitions.memdev(device);
            String subject = "device '" + device.id().orElse(declared.name()) + "': memdev=";
            guest.plug(DeviceDefinitions.request(device, region(memdev, subject)));
            return declared;
          });
    }
  }

  /** What is made of a declaration. */
  private interface Step<T> {
    T made()
        throws OptionException,
            MachineException,
            NoAllocatorException,
            RamBlockException,
            PlugException;
  }

  /** Does what a declaration asks for; why it can't be done names the configuration. */
  private static <T> T of(Declaration declared, Step<T> step)
      throws MachineException, NoAllocatorException {
    Wish wish = declared.wish();
    try {
      return step.made();
    } catch (MachineException e) {
      throw e.in(wish);
    } catch (OptionException | RamBlockException | PlugException e) {
      throw new MachineException("" + e.getMessage()).in(wish);
    } catch (NoAllocatorException e) {
      throw wish.isOfCommandLine() ? e : e.in(wish.place());
    }
  }

  private void open(Declaration declared, MemoryAdvice standard, boolean baseRamIsNamed)
      throws OptionException, MachineException, NoAllocatorException, RamBlockException {
    RamBlockSpec spec = declared.spec(standard);
    if (spec.id().value().equals(BASE_RAM) && !baseRamIsNamed) {
      throw new MachineException(
          "memory backend '"
              + BASE_RAM
              + "': that is the name of the base RAM; give it another id, or make it the base RAM with"
              + " the machine's memory-backend="
              + BASE_RAM);
    }
    if (find(spec.id().value()).isPresent()) {
      throw new MachineException(
          "memory backend '" + spec.id() + "': the id is taken; " + origin.giveAnotherId());
    }
    requireGoodFile(spec);
    Region region = Region.open(spec, candidates, declared.target(), this::regionChanged);
    try {
      requireGoodFile(spec); // another process may have swapped it before it was locked here
    } catch (MachineException e) {
      region.close();
      throw e;
    }
    backends.add(
        new OpenBackend(declared.type(), declared.wish(), region, declared.object(), standard));
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
   * Looks at the configuration of a memory backend that is open: if it says something that it did
   * not say at the last look, the region takes over what can be changed while it is in use, and is
   * swapped if the rest asks for it.
   *
   * @return false if somebody else has the region, and this has to be done again
   * @throws IOException if nobody can tell what is configured
   */
  boolean follow(OpenBackend backend, Configurations stored, Swapper swapper) throws IOException {
    Configurations.Look look = stored.look(backend);
    Wish now = look.now();
    if (!look.isNews()) {
      return true;
    }
    if (now == null) {
      backend.mistaken(true);
      LOG.warn(
          "memory backend '{}': {} is gone; it stays until the machine ends, which can't come up"
              + " again without it",
          backend.region().id(),
          look.before() == null ? "its configuration" : look.before().place());
      return true;
    }
    try {
      Declaration declared = Declaration.backend(now).orElseThrow();
      backend.use(declared.target());
      return follow(backend, declared, stored, swapper);
    } catch (PreallocationException e) {
      backend.mistaken(true);
      LOG.warn("{}: {}; prealloc=off stays in force", now.place(), e.getMessage());
    } catch (OptionException e) {
      backend.mistaken(true);
      LOG.warn("{}; what is open stays as it is{}", e.getMessage(), outlook(backend, now));
      backend.restoreIfOwed(stored);
    } catch (MachineException e) {
      backend.mistaken(true);
      String sentence = e.in(now).getMessage();
      LOG.warn("{}; what is open stays as it is{}", sentence, outlook(backend, now));
      backend.restoreIfOwed(stored);
    }
    return true;
  }

  /** How a warning ends that a configuration can't be followed. */
  private static String outlook(OpenBackend backend, Wish now) {
    return backend.owes() || canComeUp(backend, now) ? "" : ", and can't come up again like this";
  }

  /** Whether a memory backend could be opened as it is configured, as far as that can be seen. */
  private static boolean canComeUp(OpenBackend backend, Wish now) {
    try {
      Declaration declared = Declaration.backend(now).orElseThrow();
      declared.target();
      RamBlockSpec spec = backend.specOf(declared.object());
      return !(spec.backing() instanceof Backing.File file) || canBeOpened(file, spec);
    } catch (OptionException | MachineException e) {
      return false;
    }
  }

  private static boolean canBeOpened(Backing.File file, RamBlockSpec spec) {
    Path path = file.path();
    if (Files.notExists(path)) {
      Path folder = path.toAbsolutePath().getParent();
      return folder != null && Files.isDirectory(folder) && !spec.has(RamFlag.RAM_READONLY_FD);
    }
    try {
      long size = Files.isRegularFile(path) ? Files.size(path) : 0;
      return size == 0 || size - file.offset().bytes() >= spec.size().bytes();
    } catch (IOException e) {
      return true; // nobody can tell
    }
  }

  private static boolean follow(
      OpenBackend backend, Declaration declared, Configurations stored, Swapper swapper)
      throws OptionException, MachineException, PreallocationException {
    ParsedObject next = declared.object();
    switch (swapper.swap(backend, next)) {
      case Swapper.Answer.Started() -> {
        if (backend.mistaken(false)) {
          LOG.info("{} is followed again: a swap was started", declared.wish().place());
        }
      }
      case Swapper.Answer.Busy(boolean wakes) -> {
        backend.forget();
        return wakes;
      }
      case Swapper.Answer.NotNeeded() -> {
        backend.owesNothing();
        backend.change(next);
        if (backend.mistaken(false)) {
          LOG.info("{} is followed again: what it says is in force", declared.wish().place());
        }
      }
      case Swapper.Answer.Refused(String reason) -> {
        backend.mistaken(!backend.owes());
        LOG.warn(
            "{}: {} of memory backend '{}' can't be changed while it is in use{}; {}",
            declared.wish().place(),
            String.join(", ", backend.unchangeable(next)),
            backend.region().id(),
            reason.isEmpty() ? "" : ": " + reason,
            backend.owes()
                ? "what is configured now is set back to what is in force"
                : canComeUp(backend, declared.wish())
                    ? "what is configured now holds from the machine's next start on"
                    : "what is open stays as it is, and can't come up again like this");
        backend.change(next);
        backend.restoreIfOwed(stored);
      }
    }
    return true;
  }

  private Region openBaseRam(ByteSize size, MemoryAdvice standard)
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
    backends.add(new OpenBackend(BackendDefinitions.RAM, null, region, object, standard));
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
                        + "; "
                        + origin.addBackend(id)));
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

  /** What it consists of, for the log. */
  @Override
  public String toString() {
    FlatGuestMemory guest = memory;
    return guest == null
        ? "nothing yet"
        : "memory backends "
            + ids()
            + "; guest memory "
            + String.join(", ", guest.devices().stream().map(MemoryDevice::id).toList());
  }

  /** Takes back a machine that nobody has seen up, with all files made for it. */
  void discard() {
    if (memory != null) {
      memory.removeAll();
    }
    backends.reversed().forEach(backend -> backend.region().discard());
  }
}
