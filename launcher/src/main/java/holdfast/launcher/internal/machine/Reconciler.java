package holdfast.launcher.internal.machine;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.Inheritance;
import holdfast.machine.core.Machine;
import holdfast.machine.migration.Inheritances;
import holdfast.machine.swap.Swapper;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
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

  /** How long the thread stays when there is nothing to do. */
  private static final Duration IDLE = Duration.ofSeconds(2);

  /** How long an operator's change may take, with the pages that it makes present. */
  private static final Duration CHANGE_LIMIT = Duration.ofSeconds(60);

  private static final Duration END_LIMIT = Duration.ofSeconds(60);
  private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);

  /** Which the product shows. */
  private static final Logger PROGRESS = LoggerFactory.getLogger("holdfast.progress");

  private final Candidates candidates;
  private final GuestWriters writers;
  private final Supplier<@Nullable Configurations> configurations;
  private final ScheduledThreadPoolExecutor thread =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().name("holdfast-machine").daemon().factory());
  private final Inheritances inheritances = new Inheritances();
  private final AtomicBoolean woken = new AtomicBoolean();
  private volatile @Nullable Function<Machine, Runnable> registry;

  /** Whether the machine is being ended: if it is just being brought up, that is undone. */
  private volatile boolean ending;

  private volatile Swapper swapper = Swapper.NONE;
  private volatile Ejector ejector = Ejector.NONE;
  private final List<Consumer<MachineState>> listeners = new CopyOnWriteArrayList<>();
  private volatile @Nullable MachineFollower follower;
  private MachineState state = new MachineState.Unconfigured();

  // used only in the machine's thread
  private Runnable unregister = () -> {};
  private final Strays strays = new Strays();

  private List<Wish> tried = List.of();

  /** What is configured for the machine that waits for a handover; null while none does. */
  private volatile @Nullable List<Wish> awaiting;

  /** What is being waited for, as already reported. */
  private String told = "";

  /**
   * @param candidates the available allocators
   * @param writers those who store into guest memory
   * @param configurations the stored configurations, null while they can't be read
   */
  Reconciler(
      Candidates candidates,
      GuestWriters writers,
      Supplier<@Nullable Configurations> configurations) {
    this.candidates = candidates;
    this.writers = writers;
    this.configurations = configurations;
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    // a machine that is let alone has no thread for changes
    thread.setKeepAliveTime(IDLE.toMillis(), TimeUnit.MILLISECONDS);
    thread.allowCoreThreadTimeOut(true);
  }

  /**
   * Starts the machine's thread.
   *
   * @param publish registers the guest memory of a machine, and returns the task that unregisters
   *     it
   */
  void start(Function<Machine, Runnable> publish) {
    registry = publish;
    candidates.addListener(this::allocatorsChanged);
    wake();
  }

  /** Wakes the machine after a change. One comparison covers all changes before it. */
  void wake() {
    if (awaiting != null) {
      Thread.ofVirtual().name("holdfast-configured").start(this::awaitOther);
    }
    if (registry != null && woken.compareAndSet(false, true)) {
      try {
        lookSoon();
      } catch (RejectedExecutionException e) {
        LOG.debug("the machine has ended");
      } catch (OutOfMemoryError noThread) {
        woken.set(false); // or no later change would be looked at
        throw noThread;
      }
    }
  }

  /** Ends the wait for a handover to a machine that is configured otherwise by now. */
  private void awaitOther() {
    Configurations stored = configurations.get();
    List<Wish> awaited = awaiting;
    try {
      if (stored != null && awaited != null && !stored.all().equals(awaited)) {
        inheritances.interrupt();
      }
    } catch (IOException e) {
      LOG.debug("not known at the moment what is configured", e);
    }
  }

  /** Schedules a comparison after the work that is under way. */
  Future<?> lookSoon() {
    return thread.submit(this::look);
  }

  /**
   * Wakes the machine after a change of allocators unless it is up, since regions follow allocators
   * by themselves; but not what could not be added for lack of one.
   */
  private void allocatorsChanged() {
    MachineFollower present = follower;
    if (!(state() instanceof MachineState.Up) || present == null || present.lacksAllocator()) {
      wake();
    }
  }

  /** Ends the machine and its thread, and waits for that. */
  void end() {
    ending = true;
    inheritances.close();
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

  /**
   * Adds a listener for the states of the machine. It is called with the present state now, and
   * with each later one by the thread that sets it; it must not block.
   *
   * @return removes it
   */
  synchronized Runnable onState(Consumer<MachineState> listener) {
    listeners.add(listener);
    listener.accept(state);
    return () -> listeners.remove(listener);
  }

  /** Makes {@code next} swap the backends whose configuration changes from now on. */
  void swapWith(Swapper next) {
    swapper = next;
  }

  /** Makes {@code next} ask the guest for devices whose configuration goes from now on. */
  void ejectWith(Ejector next) {
    ejector = next;
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
    boolean isNew = !next.equals(state);
    state = next;
    notifyAll();
    if (isNew) {
      listeners.forEach(listener -> listener.accept(next));
    }
  }

  private void look() {
    woken.set(false);
    Configurations stored = configurations.get();
    if (stored == null || state() instanceof MachineState.Ended) {
      return;
    }
    try {
      List<Wish> wishes = stored.all();
      strays.warn(wishes);
      Optional<Wish> own = find(wishes, MachineComponent.PID);
      if (state() instanceof MachineState.Up) {
        if (own.isPresent()) {
          follow(own.get(), wishes, stored);
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

  /** Returns the configuration with a PID. */
  static Optional<Wish> find(List<Wish> wishes, String pid) {
    return wishes.stream().filter(wish -> wish.pid().equals(pid)).findFirst();
  }

  private void bringUp(Wish own, List<Wish> wishes) {
    MachineState before = state();
    Listed listed = new Listed(own, wishes);
    MachineState next =
        new Opening(candidates, (spec, told) -> inheritance(spec, told, wishes))
            .open(own, listed, this::starting, machine -> keep(machine, own, listed));
    set(next);
    tell(next, own, !wishes.equals(tried) || !next.equals(before));
    tried = wishes;
  }

  private Inheritance inheritance(MachineSpec spec, Consumer<String> told, List<Wish> wishes)
      throws AdminException {
    Inheritance given;
    awaiting = wishes;
    try {
      given = inheritances.await(spec, told);
    } finally {
      awaiting = null;
    }
    Configurations stored = configurations.get();
    try {
      if (!given.equals(Inheritance.NONE) && stored != null && !stored.all().equals(wishes)) {
        String why = "the machine is configured otherwise by now";
        given.refuse(why);
        given.close();
        throw new RefusedException(why);
      }
    } catch (IOException e) {
      LOG.debug("not known at the moment what is configured", e);
    }
    return given;
  }

  /**
   * @param awaited what it still waits for, as a sentence; empty for nothing
   */
  private void starting(String awaited) {
    set(new MachineState.Starting(awaited));
    if (!awaited.isEmpty()) {
      PROGRESS.info("the machine is not up yet: {}", awaited);
    }
  }

  private MachineState keep(Machine machine, Wish own, Listed listed) {
    if (ending) {
      machine.discard();
      return new MachineState.Ended();
    }
    if (machine.incoming().isPresent()) {
      Optional<String> stores = stopWriters();
      if (stores.isPresent()) {
        machine.discard();
        return new MachineState.Failed(stores.get());
      }
    }
    unregister = Objects.requireNonNull(registry).apply(machine);
    follower = new MachineFollower(new Parts(machine, own, listed));
    return new MachineState.Up(machine);
  }

  /**
   * Stops who would store into the memory of a machine whose guest is not there yet.
   *
   * @return who doesn't stop, as a sentence; empty if all have
   */
  private Optional<String> stopWriters() {
    try {
      writers.stop(SwapLimits.DEFAULT.pause());
      return Optional.empty();
    } catch (GivenUpException e) {
      return Optional.of(
          e.getMessage() + ": it would store into the memory of a guest that is to come");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("the guest writers could not be stopped: the thread was interrupted");
    }
  }

  /**
   * Returns the memory backend with this id and its configuration; empty if no configuration
   * declares it.
   */
  Optional<ConfiguredBackend> configured(String id) {
    return Optional.ofNullable(follower).flatMap(present -> present.parts().configured(id));
  }

  /** A change of the machine that is up, made in the machine's thread. */
  interface Change<T> {
    /**
     * Makes the change.
     *
     * @param recorder writes it into the configurations
     */
    T make(PartRecorder recorder) throws AdminException;
  }

  /**
   * Makes a change in the machine's thread, so that nothing is compared meanwhile.
   *
   * @throws BusyException as {@link AwaitedChange} says
   */
  <T> T change(Change<T> change) throws AdminException {
    AwaitedChange<T> awaited =
        new AwaitedChange<>(
            () -> change.make(new PartRecorder(requireUp().parts(), configurations.get())),
            CHANGE_LIMIT);
    return awaited.in(thread);
  }

  /**
   * Ends the machine and brings it up again, in the machine's thread.
   *
   * @return its status then
   */
  MachineStatus restart() throws AdminException {
    return new AwaitedChange<>(this::endAndBringUp, CHANGE_LIMIT).in(thread);
  }

  private MachineStatus endAndBringUp() throws AdminException {
    if (state() instanceof MachineState.Up(Machine machine)) {
      new RestartCheck(machine).require(configurations.get());
      LOG.info("the machine ends, and comes up again: an operator asked for it");
      takeDown(new MachineState.Starting(""));
    }
    look();
    return state().status();
  }

  private MachineFollower requireUp() throws MachineNotUpException {
    MachineFollower present = follower;
    if (present == null || !(state() instanceof MachineState.Up)) {
      throw new MachineNotUpException(state().status());
    }
    return present;
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

  private void follow(Wish own, List<Wish> wishes, Configurations stored) throws IOException {
    if (Objects.requireNonNull(follower).follow(own, wishes, stored, swapper, ejector)) {
      schedule(RETRY, this::wake);
    }
  }

  private void takeDown(MachineState next) {
    MachineState last = state();
    unregister.run();
    unregister = () -> {};
    follower = null;
    set(next);
    if (last instanceof MachineState.Up(Machine machine)) {
      machine.close();
    }
  }
}
