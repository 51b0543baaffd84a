package holdfast.launcher.internal.machine;

import holdfast.machine.api.GuestMemory;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.NoAllocatorException;
import holdfast.machine.core.TakenIdException;
import holdfast.machine.core.UnknownBackendException;
import holdfast.machine.swap.Swapper;
import holdfast.machine.swap.Swaps;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what is configured with what is in force, in the machine's thread, and makes the changes
 * that follow: brings the machine up, changes what can be changed, ends it. Events only wake it;
 * the configurations are read at the moment when they are compared, never taken from an event.
 *
 * <p>Thread-safe.
 */
final class Reconciler {
  /** How long to wait for configurations and allocators that arrive one after the other. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** How long to wait before trying again for a region that another caller holds. */
  private static final Duration RETRY = Duration.ofSeconds(1);

  private static final Duration END_LIMIT = Duration.ofSeconds(60);
  private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);

  private final Candidates candidates;
  private final Supplier<@Nullable Configurations> configurations;
  private final ScheduledThreadPoolExecutor thread =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().name("holdfast-machine").daemon().factory());
  private final AtomicBoolean woken = new AtomicBoolean();
  private volatile @Nullable Function<GuestMemory, Runnable> registry;

  /** Whether the machine is being ended: if it is just being brought up, that is undone. */
  private volatile boolean ending;

  private volatile Swapper swapper = Swapper.NONE;
  private volatile Consumer<Backend> onFailure = backend -> {};
  private MachineState state = new MachineState.Unconfigured();

  // used only in the machine's thread
  private Runnable unregister = () -> {};
  private List<Declaration> plugged = List.of();
  private volatile Map<String, ConfiguredBackend> opened = Map.of();
  private @Nullable Wish definition;
  private final Map<String, Optional<Wish>> seen = new HashMap<>();
  private final Set<Wish> strays = new HashSet<>();

  /** The PIDs of configurations that differ from what is in force, as already reported. */
  private final Set<String> mistaken = new HashSet<>();

  private List<Wish> tried = List.of();

  /** What is being waited for, as already reported. */
  private String told = "";

  /**
   * @param candidates the available allocators
   * @param configurations the stored configurations, null while they can't be read
   */
  Reconciler(Candidates candidates, Supplier<@Nullable Configurations> configurations) {
    this.candidates = candidates;
    this.configurations = configurations;
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /**
   * Starts the machine's thread.
   *
   * @param publish registers a guest memory, and returns the task that unregisters it
   */
  void start(Function<GuestMemory, Runnable> publish) {
    registry = publish;
    candidates.addListener(this::wakeUnlessUp);
    wake();
  }

  /** Wakes the machine after a change. One comparison covers all changes before it. */
  void wake() {
    if (registry != null && woken.compareAndSet(false, true)) {
      try {
        lookSoon();
      } catch (RejectedExecutionException e) {
        LOG.debug("the machine has ended");
      }
    }
  }

  /** Schedules a comparison after the work that is under way. */
  Future<?> lookSoon() {
    return thread.submit(this::look);
  }

  /** Wakes the machine unless it is up, since regions follow allocators by themselves. */
  private void wakeUnlessUp() {
    if (!(state() instanceof MachineState.Up)) {
      wake();
    }
  }

  /** Ends the machine and its thread, and waits for that. */
  void end() {
    ending = true;
    thread.execute(() -> takeDown(new MachineState.Ended()));
    thread.shutdown();
    try {
      if (!thread.awaitTermination(END_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        LOG.error("the machine did not end within {} s", END_LIMIT.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Adds a listener that is called for each memory backend whose memory fails from now on. */
  void onFailure(Consumer<Backend> listener) {
    onFailure = listener;
    if (state() instanceof MachineState.Up(Machine machine)) {
      machine.onFailure(listener);
    }
  }

  /** Makes {@code next} swap the backends whose configuration changes from now on. */
  void swapWith(Swapper next) {
    swapper = next;
  }

  /** Returns the state of the machine. */
  synchronized MachineState state() {
    return state;
  }

  /** Waits as described for {@link MachineComponent#awaitSettled}. */
  synchronized MachineState awaitSettled(long limitMillis) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
    while (true) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      switch (state) {
        case MachineState.Starting starting -> wait();
        case MachineState.Unconfigured unconfigured when left > 0 -> wait(left);
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

  private void look() {
    woken.set(false);
    Configurations stored = configurations.get();
    if (stored == null || state() instanceof MachineState.Ended) {
      return;
    }
    try {
      List<Wish> wishes = stored.all();
      tellStrays(wishes);
      Optional<Wish> own = find(wishes, MachineComponent.PID);
      if (state() instanceof MachineState.Up(Machine machine)) {
        if (own.isPresent()) {
          follow(machine, own.get(), wishes, stored);
          return;
        }
        LOG.info("the machine ends: configuration {} is gone", MachineComponent.PID);
      }
      if (own.isEmpty()) {
        takeDown(new MachineState.Unconfigured());
      } else {
        bringUp(own.get(), wishes);
      }
    } catch (IOException e) {
      LOG.debug("not known at the moment what is configured", e);
    } catch (RuntimeException | Error e) {
      LOG.error("what is configured now could not be compared with what is in force", e);
    }
  }

  private static Optional<Wish> find(List<Wish> wishes, String pid) {
    return wishes.stream().filter(wish -> wish.pid().equals(pid)).findFirst();
  }

  /** Warns of configurations that look like Holdfast's but have no effect. */
  private void tellStrays(List<Wish> wishes) {
    strays.retainAll(wishes);
    for (Wish wish : wishes) {
      boolean named = wish.pid().contains("~");
      if (wish.factoryPid().equals(MachineComponent.PID) && named && strays.add(wish)) {
        LOG.warn(
            "{} is not used: there is one machine in a process, and its configuration is {} ({}.cfg),"
                + " without a name: take this one away",
            wish.place(),
            MachineComponent.PID,
            MachineComponent.PID);
      } else if (!named && isDeclaration(wish) && strays.add(wish)) {
        LOG.warn(
            "{} is not used: it has no name by which {} could list it: call it {}-NAME.cfg, or give"
                + " it the PID {}~NAME",
            wish.place(),
            MachineComponent.PID,
            wish.pid(),
            wish.pid());
      }
    }
  }

  private static boolean isDeclaration(Wish wish) {
    return Declaration.backend(wish).isPresent() || Declaration.device(wish).isPresent();
  }

  /** The objects and devices that the machine's configuration lists. */
  private static final class Listed {
    final List<Declaration> backends = new ArrayList<>();
    final List<Declaration> devices = new ArrayList<>();
    final List<String> missing = new ArrayList<>();
    final List<String> sentences = new ArrayList<>();
    String ambiguous = "";

    Listed(Wish own, List<Wish> wishes) {
      list(
          own,
          MachineComponent.OBJECTS,
          "memory backend",
          BackendDefinitions.FILE_PID,
          wishes.stream().flatMap(wish -> Declaration.backend(wish).stream()).toList(),
          backends);
      list(
          own,
          MachineComponent.DEVICES,
          "device",
          DeviceDefinitions.NVDIMM_PID,
          wishes.stream().flatMap(wish -> Declaration.device(wish).stream()).toList(),
          devices);
    }

    private void list(
        Wish own,
        String key,
        String kind,
        String sample,
        List<Declaration> declared,
        List<Declaration> found) {
      if (own.isQuoted(key)) {
        ambiguous = own.place() + ": " + key + " is in quotes, and values are written without";
        return;
      }
      for (String name : own.names(key)) {
        List<Declaration> matches =
            declared.stream()
                .filter(one -> one.wish().pid().contains("~") && one.name().equals(name))
                .toList();
        switch (matches.size()) {
          case 0 -> {
            missing.add(name);
            sentences.add(
                kind
                    + " '"
                    + name
                    + "', which has no configuration: write "
                    + own.placeOf(sample, name)
                    + ", or take "
                    + name
                    + " out of "
                    + key);
          }
          case 1 -> found.add(matches.getFirst());
          default ->
              ambiguous =
                  own.place()
                      + ": "
                      + key
                      + " lists "
                      + name
                      + ", and there are two of that name, "
                      + matches.get(0).wish().place()
                      + " and "
                      + matches.get(1).wish().place()
                      + ": take one away, or give it another name";
        }
      }
    }

    /** Returns the declaration of a part of the machine. */
    Declaration declaration(MachineException.Part part) {
      return (part.isDevice() ? devices : backends).get(part.number());
    }

    /** Returns what is being waited for. */
    String reason(Wish own) {
      return own.place() + " lists " + String.join("; ", sentences);
    }
  }

  private void bringUp(Wish own, List<Wish> wishes) {
    MachineState before = state();
    Listed listed = new Listed(own, wishes);
    MachineState next;
    if (!listed.ambiguous.isEmpty()) {
      next = new MachineState.Failed(listed.ambiguous);
    } else if (!listed.missing.isEmpty()) {
      next = new MachineState.Incomplete(listed.missing, listed.reason(own));
    } else {
      set(new MachineState.Starting());
      next = open(own, listed);
    }
    set(next);
    tell(next, own, !wishes.equals(tried) || !next.equals(before));
    tried = wishes;
  }

  private MachineState open(Wish own, Listed listed) {
    try {
      Machine machine = Machine.open(spec(own, listed), candidates, Swaps.imageCheck());
      if (ending) {
        machine.discard();
        return new MachineState.Ended();
      }
      machine.onFailure(onFailure);
      unregister = Objects.requireNonNull(registry).apply(machine.memory());
      definition = own;
      plugged = listed.devices;
      opened = opened(machine, listed);
      seen.clear();
      mistaken.clear();
      seen.put(own.pid(), Optional.of(own));
      plugged.forEach(device -> seen.put(device.wish().pid(), Optional.of(device.wish())));
      return new MachineState.Up(machine);
    } catch (NoAllocatorException e) {
      return new MachineState.Waiting(placed(e, "" + e.getMessage(), own, listed));
    } catch (UnknownBackendException e) {
      return failed(e, e.problem() + "; " + origin(own).addBackend(e.id()), own, listed);
    } catch (TakenIdException e) {
      return failed(e, e.problem() + "; " + origin(own).giveAnotherId(), own, listed);
    } catch (OptionException e) {
      return new MachineState.Failed("" + e.getMessage());
    } catch (MachineException e) {
      return failed(e, "" + e.getMessage(), own, listed);
    } catch (RuntimeException | Error e) {
      // an Error, too: otherwise a wait for this thread's outcome would last for ever
      LOG.error("the machine did not come up", e);
      return new MachineState.Failed(e.toString());
    }
  }

  private static MachineState failed(MachineException e, String sentence, Wish own, Listed listed) {
    return new MachineState.Failed(placed(e, sentence, own, listed));
  }

  /**
   * Returns the sentence with the configuration that it is about before it. Configurations from the
   * command line have no place to name.
   */
  private static String placed(MachineException e, String sentence, Wish own, Listed listed) {
    Wish wish = e.part().map(part -> listed.declaration(part).wish()).orElse(own);
    return wish.placed(sentence);
  }

  private static MachineSpec spec(Wish own, Listed listed) throws OptionException {
    List<BackendSpec> backends = new ArrayList<>();
    for (Declaration declared : listed.backends) {
      backends.add(declared.backend());
    }
    List<DeviceSpec> devices = new ArrayList<>();
    for (Declaration declared : listed.devices) {
      devices.add(declared.device());
    }
    return new MachineSpec(definition(own), backends, devices);
  }

  /** Returns the configurations of the backends that were opened; they are in the same order. */
  private static Map<String, ConfiguredBackend> opened(Machine machine, Listed listed) {
    SequencedMap<String, ConfiguredBackend> opened = new LinkedHashMap<>();
    for (int number = 0; number < listed.backends.size(); number++) {
      Backend backend = machine.backends().get(number);
      Wish wish = listed.backends.get(number).wish();
      opened.put(backend.region().id().value(), new ConfiguredBackend(backend, wish));
    }
    return Collections.unmodifiableMap(opened);
  }

  /**
   * Returns the memory backend with this id and its configuration; empty if no configuration
   * declares it.
   */
  Optional<ConfiguredBackend> configured(String id) {
    return Optional.ofNullable(opened.get(id));
  }

  private static Origin origin(Wish own) {
    return own.isOfCommandLine() ? Origin.COMMAND_LINE : Origin.CONFIGURATIONS;
  }

  private static ParsedObject definition(Wish own) throws OptionException {
    Map<String, Object> properties = new HashMap<>(own.properties());
    properties.remove(MachineComponent.OBJECTS);
    properties.remove(MachineComponent.DEVICES);
    return MachineDefinition.BOTH.checkConfiguration(own.place(), properties);
  }

  /**
   * Logs what keeps the machine from coming up: at once if it is a mistake, and after a while if
   * the missing part may still come. The command line reports that itself.
   */
  private void tell(MachineState reached, Wish own, boolean isNews) {
    if (!(reached instanceof MachineState.Incomplete || reached instanceof MachineState.Waiting)) {
      told = "";
    }
    switch (reached) {
      case MachineState.Up(Machine machine) -> LOG.info("the machine is up: {}", machine);
      case MachineState.Failed(String reason) when isNews && !own.isOfCommandLine() ->
          LOG.warn("the machine is not up: {}", reason);
      case MachineState.Incomplete(_, String reason) when !own.isOfCommandLine() ->
          tellLater(reached, reason);
      case MachineState.Waiting(String reason) when !own.isOfCommandLine() ->
          tellLater(reached, reason);
      default -> {}
    }
  }

  private void tellLater(MachineState reached, String reason) {
    schedule(
        PATIENCE,
        () -> {
          if (state().equals(reached) && !told.equals(reason)) {
            told = reason;
            LOG.warn("the machine is not up yet: {}", reason);
          }
        });
  }

  private void schedule(Duration delay, Runnable task) {
    try {
      thread.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("the machine has ended");
    }
  }

  private void follow(Machine machine, Wish own, List<Wish> wishes, Configurations stored)
      throws IOException {
    followOwn(machine, own, wishes);
    followDevices(machine, wishes);
    boolean busy = false;
    BackendFollower follower = new BackendFollower(stored, swapper);
    for (ConfiguredBackend configured : opened.values()) {
      busy |= !follower.follow(configured);
    }
    if (busy) {
      schedule(RETRY, this::wake);
    }
  }

  private boolean isNews(String pid, Optional<Wish> now) {
    return !now.equals(seen.put(pid, now));
  }

  /** Records that a configuration is followed, and logs it if it was not followed before. */
  private void isFollowed(Wish wish, boolean didNot) {
    mistaken.remove(wish.pid());
    if (didNot) {
      LOG.info("{} is followed again: what it says is in force", wish.place());
    }
  }

  private void followOwn(Machine machine, Wish own, List<Wish> wishes) {
    if (!isNews(own.pid(), Optional.of(own))) {
      return;
    }
    Listed listed = new Listed(own, wishes);
    boolean wasFollowed = mistaken.add(own.pid());
    try {
      ParsedObject next = definition(own);
      MachineDefinition.memory(
          next,
          MachineDefinition.memoryBackend(next)
              .flatMap(machine::find)
              .map(backend -> backend.region().size())
              .orElse(null));
      if (!listed.ambiguous.isEmpty() || !listed.missing.isEmpty()) {
        LOG.warn(
            "{}; what is up stays as it is, and can't come up again like this",
            listed.ambiguous.isEmpty() ? listed.reason(own) : listed.ambiguous);
      } else if (!isSame(own, next)) {
        LOG.warn(
            "{}: the change takes effect when the machine starts again; what is up stays as it is",
            own.place());
      } else {
        isFollowed(own, !wasFollowed);
      }
    } catch (OptionException e) {
      LOG.warn("{}; what is up stays as it is, and can't come up again like this", e.getMessage());
    } catch (MemoryLayoutException e) {
      LOG.warn(
          "{}: {}; what is up stays as it is, and can't come up again like this",
          own.place(),
          e.getMessage());
    }
  }

  private boolean isSame(Wish own, ParsedObject next) throws OptionException {
    Wish before = Objects.requireNonNull(definition);
    return definition(before).equals(next)
        && Stream.of(MachineComponent.OBJECTS, MachineComponent.DEVICES)
            .allMatch(key -> before.names(key).equals(own.names(key)));
  }

  private void followDevices(Machine machine, List<Wish> wishes) {
    for (Declaration device : plugged) {
      Optional<Wish> now = find(wishes, device.wish().pid());
      if (!isNews(device.wish().pid(), now)) {
        continue;
      }
      boolean wasFollowed = mistaken.add(device.wish().pid());
      if (now.isEmpty()) {
        LOG.warn(
            "device '{}': {} is gone; it stays until the machine ends, which can't come up again"
                + " without it",
            device.name(),
            device.wish().place());
        continue;
      }
      try {
        ParsedObject next = new Declaration(device.type(), now.get()).object();
        if (machine.find(DeviceDefinitions.memdev(next)).isEmpty()) {
          LOG.warn(
              "{}: memdev={} names no memory backend of the machine that is up; device '{}' stays as"
                  + " it is",
              now.get().place(),
              DeviceDefinitions.memdev(next),
              device.name());
        } else if (!next.equals(device.object())) {
          LOG.warn(
              "device '{}': {} changed; the change takes effect when the machine starts again",
              device.name(),
              now.get().place());
        } else {
          isFollowed(now.get(), !wasFollowed);
        }
      } catch (OptionException e) {
        LOG.warn(
            "{}; device '{}' stays as it is, and can't come up again like this",
            e.getMessage(),
            device.name());
      }
    }
  }

  private void takeDown(MachineState next) {
    MachineState last = state();
    unregister.run();
    unregister = () -> {};
    set(next);
    if (last instanceof MachineState.Up(Machine machine)) {
      machine.close();
    }
  }
}
