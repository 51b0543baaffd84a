package holdfast.launcher.internal.machine;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.region.Candidates;
import holdfast.launcher.internal.region.NoAllocatorException;
import holdfast.machine.api.GuestMemory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine of this framework. As soon as every memory backend and device that its configuration
 * lists has been declared, all of it is brought up in a thread of its own, and its {@link
 * GuestMemory} is registered as a service; or none of it is, and {@link #state()} says why. A try
 * that failed is made again when a declaration or an allocator changes.
 */
@Component(
    service = MachineComponent.class,
    immediate = true,
    configurationPid = MachineComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class MachineComponent {
  /** The PID of its configuration. */
  public static final String PID = "holdfast.machine";

  /** The configuration property that lists the names of the memory backends, in order. */
  public static final String OBJECTS = "objects";

  /** The configuration property that lists the names of the devices, in order. */
  public static final String DEVICES = "devices";

  private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);
  private static final long END_LIMIT_SECONDS = 60;

  private final Candidates candidates = new Candidates();
  private final Map<MemoryBackendComponent, Runnable> backends = new ConcurrentHashMap<>();
  private final List<MemoryDeviceComponent> devices = new CopyOnWriteArrayList<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("holdfast-machine").daemon().factory());

  /** How many changes there were that could make another try succeed. */
  private final AtomicLong changes = new AtomicLong();

  /** The count at the last try; in the machine's thread alone. */
  private long tried;

  /** Whether it is being ended: what is just being brought up is then taken back. */
  private volatile boolean ending;

  private volatile @Nullable BundleContext context;
  private volatile Swapper swapper = Swapper.NONE;
  private volatile Consumer<OpenBackend> onFailure = backend -> {};
  private volatile Map<String, ?> configuration = Map.of();
  private @Nullable ServiceRegistration<GuestMemory> guestMemory;
  private MachineState state = new MachineState.Incomplete(List.of());

  @Activate
  void activate(BundleContext bundleContext, Map<String, ?> properties) {
    context = bundleContext;
    configuration = Map.copyOf(properties);
    candidates.addListener(this::reconcile);
    reconcile();
  }

  @Modified
  void modified(Map<String, ?> properties) {
    configuration = Map.copyOf(properties);
    if (state() instanceof MachineState.Up) {
      LOG.warn(
          "configuration {}: the change takes effect when the machine starts again; what is up"
              + " stays as it is",
          PID);
    }
    reconcile();
  }

  @Deactivate
  void deactivate() {
    ending = true;
    thread.execute(this::end);
    thread.shutdown();
    try {
      if (!thread.awaitTermination(END_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        LOG.error("the machine did not end within {} s", END_LIMIT_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Until it is there no allocator is chosen, since a better one may be about to start. */
  @Reference(name = "started", service = BundlesStarted.class)
  void bindStarted(BundlesStarted started) {}

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

  void unbindAllocator(RamBlockAllocator allocator) {
    candidates.remove(allocator);
  }

  @Reference(
      name = "backend",
      service = MemoryBackendComponent.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindBackend(MemoryBackendComponent backend) {
    Runnable listener = this::reconcile;
    backends.put(backend, listener);
    backend.candidates().addListener(listener);
    backend.onChange(() -> execute(() -> follow(backend)));
    execute(() -> follow(backend));
  }

  void unbindBackend(MemoryBackendComponent backend) {
    Runnable listener = backends.remove(backend);
    if (listener != null) {
      backend.candidates().removeListener(listener);
    }
    reconcile();
  }

  @Reference(
      name = "device",
      service = MemoryDeviceComponent.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindDevice(MemoryDeviceComponent device) {
    devices.add(device);
    device.onChange(() -> deviceChanged(device));
    reconcile();
  }

  private void deviceChanged(MemoryDeviceComponent device) {
    if (state() instanceof MachineState.Up) {
      LOG.warn(
          "device '{}': its configuration changed; the change takes effect when the machine starts"
              + " again",
          device.name());
    }
    reconcile();
  }

  void unbindDevice(MemoryDeviceComponent device) {
    devices.remove(device);
    reconcile();
  }

  /** {@code listener} is told of each memory backend whose memory fails from now on. */
  public void onFailure(Consumer<OpenBackend> listener) {
    onFailure = listener;
    if (state() instanceof MachineState.Up(Machine machine)) {
      machine.onFailure(listener);
    }
  }

  /** From now on backends whose configuration changes are swapped by {@code next}. */
  public void swapWith(Swapper next) {
    swapper = next;
  }

  /** How far the machine is. */
  public synchronized MachineState state() {
    return state;
  }

  /**
   * Waits until the machine is up, has failed or has ended. While it is being brought up there is
   * no limit; for what is missing yet there is.
   *
   * @param limitMillis how long to wait for declarations and allocators that are missing
   * @return the state then
   */
  public synchronized MachineState awaitSettled(long limitMillis) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
    while (true) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      switch (state) {
        case MachineState.Starting starting -> wait();
        case MachineState.Incomplete incomplete when left > 0 -> wait(left);
        case MachineState.Waiting waiting when left > 0 -> wait(left);
        default -> {
          return state;
        }
      }
    }
  }

  private synchronized void set(MachineState next) {
    state = next;
    notifyAll();
  }

  private void reconcile() {
    if (!(state() instanceof MachineState.Up)) {
      changes.incrementAndGet();
      execute(this::bringUp);
    }
  }

  private void execute(Runnable task) {
    if (context == null) {
      return; // activate() will look at all that is declared
    }
    try {
      thread.execute(task);
    } catch (RejectedExecutionException ended) {
      LOG.debug("the machine has ended");
    }
  }

  /** In the machine's thread, so that the last change is the last one that is followed. */
  private void follow(MemoryBackendComponent backend) {
    if (!(state() instanceof MachineState.Up(Machine machine))) {
      reconcile();
    } else if (backends.containsKey(backend)) {
      machine.follow(backend, swapper);
    }
  }

  /** In the machine's thread. One try serves all changes that came before it. */
  private void bringUp() {
    long seen = changes.get();
    if (state() instanceof MachineState.Up || seen == tried) {
      return;
    }
    tried = seen;
    List<String> missing = new ArrayList<>();
    List<MemoryBackendComponent> listedBackends =
        listed(OBJECTS, backends.keySet(), MemoryBackendComponent::name, missing);
    List<MemoryDeviceComponent> listedDevices =
        listed(DEVICES, devices, MemoryDeviceComponent::name, missing);
    if (!missing.isEmpty()) {
      set(new MachineState.Incomplete(missing));
      return;
    }
    set(new MachineState.Starting());
    set(open(listedBackends, listedDevices));
  }

  private MachineState open(
      List<MemoryBackendComponent> listedBackends, List<MemoryDeviceComponent> listedDevices) {
    try {
      Machine machine = Machine.open(definition(), listedBackends, listedDevices, candidates);
      if (ending) {
        machine.discard();
        return new MachineState.Ended();
      }
      machine.onFailure(onFailure);
      BundleContext owner = Objects.requireNonNull(context);
      guestMemory = owner.registerService(GuestMemory.class, machine.memory(), null);
      return new MachineState.Up(machine);
    } catch (NoAllocatorException e) {
      return new MachineState.Waiting("" + e.getMessage());
    } catch (OptionException | MachineException e) {
      LOG.info("the machine did not come up", e);
      return new MachineState.Failed("" + e.getMessage());
    } catch (RuntimeException | Error e) {
      // an Error too: whoever waits for this thread's verdict would wait for ever
      LOG.error("the machine did not come up", e);
      return new MachineState.Failed(e.toString());
    }
  }

  private ParsedObject definition() throws OptionException {
    Map<String, Object> own = new HashMap<>(configuration);
    own.remove(OBJECTS);
    own.remove(DEVICES);
    return MachineDefinition.BOTH.checkConfiguration("configuration " + PID, own);
  }

  /** The declarations that the configuration lists under {@code key}, in its order. */
  private <T> List<T> listed(
      String key, Collection<T> declared, Function<T, String> name, List<String> missing) {
    List<T> found = new ArrayList<>();
    for (String wanted : names(configuration.get(key))) {
      Optional<T> match = declared.stream().filter(d -> name.apply(d).equals(wanted)).findFirst();
      match.ifPresentOrElse(found::add, () -> missing.add(wanted));
    }
    return found;
  }

  private static List<String> names(@Nullable Object value) {
    return switch (value) {
      case null -> List.of();
      case String[] names -> List.of(names);
      case Collection<?> names -> names.stream().map(Object::toString).toList();
      default -> {
        String text = value.toString().strip();
        yield text.isEmpty() ? List.of() : List.of(text.split("\\s*,\\s*"));
      }
    };
  }

  /** In the machine's thread. */
  private void end() {
    MachineState last = state();
    if (guestMemory != null) {
      guestMemory.unregister();
      guestMemory = null;
    }
    set(new MachineState.Ended());
    if (last instanceof MachineState.Up(Machine machine)) {
      machine.close();
    }
  }
}
