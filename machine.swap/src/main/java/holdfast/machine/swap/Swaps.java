package holdfast.machine.swap;

import holdfast.backend.api.BackendId;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Backend;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineBusyException;
import holdfast.machine.core.MachineWatcher;
import holdfast.machine.core.Region;
import holdfast.machine.core.RegionLease;
import holdfast.machine.core.SwapProvider;
import holdfast.machine.swap.Swapper.Answer;
import holdfast.machine.swap.internal.journal.FilePlace;
import holdfast.machine.swap.internal.journal.GivenWarnings;
import holdfast.machine.swap.internal.journal.ImageNotes;
import holdfast.machine.swap.internal.journal.Side;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The live swaps of one machine. */
public final class Swaps implements SwapProvider.MachineSwaps {
  private static final Logger LOG = LoggerFactory.getLogger(Swaps.class);
  private static final int REMEMBERED = 16;
  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  /** How long to wait while another caller plans a swap or changes a property. */
  private static final Duration LEASE_LIMIT = Duration.ofSeconds(1);

  /** How long to wait while pages are made present after a change of a property. */
  private static final Duration CONFIGURED_LEASE_LIMIT = Duration.ofSeconds(60);

  private final Machine machine;
  private final GuestWriters writers;
  private final SwapRecorder recorder;
  private final Runnable wake;
  private final StepWatcher watcher;
  private final GivenWarnings warnings = new GivenWarnings();
  private final AtomicInteger numbers = new AtomicInteger();
  private final Map<BackendId, Running> running = new LinkedHashMap<>();

  private final Map<BackendId, List<SwapReport>> ended = new LinkedHashMap<>();
  private final List<Consumer<SwapReport>> watchers = new CopyOnWriteArrayList<>();
  private boolean closed;

  /**
   * A swap that is under way.
   *
   * @param to where the bytes go
   */
  private record Running(SwapTask task, Side to) {}

  /**
   * @param writers the writers that store into guest memory
   * @param recorder stores the outcome of swaps
   * @param wake makes the machine compare what is configured with what is in force
   */
  public Swaps(Machine machine, GuestWriters writers, SwapRecorder recorder, Runnable wake) {
    this(machine, writers, recorder, wake, StepWatcher.NONE);
  }

  Swaps(
      Machine machine,
      GuestWriters writers,
      SwapRecorder recorder,
      Runnable wake,
      StepWatcher watcher) {
    this.machine = machine;
    this.writers = writers;
    this.recorder = recorder;
    this.wake = wake;
    this.watcher = watcher;
  }

  /**
   * Returns the check that refuses to start a machine from the invalid one of a swap's two files,
   * according to the notes beside it.
   */
  public static ImageCheck imageCheck() {
    return ImageNotes::refusal;
  }

  /** Removes the notes that a swap left beside a file that is no longer needed. */
  public static void forgetNotes(Path file) {
    ImageNotes.forgetAll(file);
  }

  /** Returns the writers that store into the machine's guest memory. */
  public GuestWriters writers() {
    return writers;
  }

  @Override
  public void addWriter(GuestWriter writer) {
    writers.add(writer);
  }

  @Override
  public void removeWriter(GuestWriter writer) {
    writers.remove(writer);
  }

  @Override
  public SwapPlan plan(BackendId id, Map<String, String> changes, SwapLimits limits)
      throws SwapException {
    Backend backend = backend(id);
    try (RegionLease _ = acquire(backend)) {
      return SwapRequest.changing(backend, changes, writers, limits).target().plan();
    }
  }

  private Backend backend(BackendId id) throws SwapException {
    return machine
        .find(id.value())
        .orElseThrow(() -> new SwapException(id, "there is none of that id"));
  }

  private RegionLease acquire(Backend backend) throws SwapException {
    Region region = backend.region();
    try {
      region.requireOurs();
    } catch (MachineBusyException e) {
      throw new SwapException(region.id(), "" + e.getMessage());
    }
    if (region.state() == RegionState.FAILED) {
      throw new SwapException(region.id(), "it has failed: " + region.status().note());
    }
    Duration patience = running(region.id()).isPresent() ? Duration.ZERO : LEASE_LIMIT;
    return region
        .acquire(patience)
        .orElseThrow(
            () ->
                new SwapException(
                    region.id(), "a swap of it is under way: wait for its end, or cancel it"));
  }

  @Override
  public RunningSwap start(BackendId id, Map<String, String> changes, SwapLimits limits)
      throws SwapException {
    Backend backend = backend(id);
    RegionLease lease = acquire(backend);
    return start(lease, () -> SwapRequest.changing(backend, changes, writers, limits));
  }

  /** Makes the request for a swap. */
  private interface Planned {
    SwapRequest request() throws SwapException;
  }

  /** Starts a swap, which takes the lease over: it ends with the swap, or here if that fails. */
  private SwapTask start(RegionLease lease, Planned planned) throws SwapException {
    try {
      return start(lease, planned.request());
    } catch (SwapException | RuntimeException | Error e) {
      lease.close();
      throw e;
    }
  }

  private SwapTask start(RegionLease lease, SwapRequest request) throws SwapException {
    SwapTarget target = request.target();
    SwapOrder order =
        SwapOrder.of(
            numbers.incrementAndGet(), request, target, lease, warnings, watcher, this::progressed);
    SwapTask task = new SwapTask(order, this::end);
    BackendId id = lease.region().id();
    register(id, new Running(task, SwapRequest.side(target.spec())));
    try {
      Thread.ofPlatform().daemon().name("holdfast-swap-" + id).start(task);
      return task;
    } catch (RuntimeException | Error e) { // no thread can be made
      unregister(task);
      throw e;
    }
  }

  private synchronized void unregister(SwapTask task) {
    running.values().removeIf(one -> one.task().equals(task));
  }

  private synchronized void register(BackendId id, Running starting) throws SwapException {
    if (closed) {
      throw new SwapException(id, "the machine is ending");
    }
    Optional<Path> path = starting.to().path();
    Optional<FilePlace> place = path.map(FilePlace::of);
    for (Map.Entry<BackendId, Running> other : running.entrySet()) {
      if (place.isPresent()
          && other
              .getValue()
              .to()
              .path()
              .map(FilePlace::of)
              .filter(place.get()::isSame)
              .isPresent()) {
        throw new SwapException(
            id,
            path.orElseThrow()
                + " is what memory backend '"
                + other.getKey()
                + "' is being swapped to: name another file");
      }
    }
    running.put(id, starting);
  }

  /**
   * Starts a swap if a changed configuration needs one.
   *
   * @param object the properties that it asks for now
   */
  public Answer follow(Backend backend, ParsedObject object) {
    BackendId id = backend.region().id();
    if (running(id).isPresent()) {
      LOG.info(
          "memory backend '{}': what is configured now is seen to when the swap that is under way"
              + " has ended",
          id);
      return new Answer.Busy(true);
    }
    if (backend.unchangeable(object).isEmpty()) {
      return new Answer.NotNeeded();
    }
    try {
      backend.region().requireOurs();
    } catch (MachineBusyException e) {
      return new Answer.Refused("" + e.getMessage());
    }
    Optional<RegionLease> lease =
        backend
            .region()
            .acquire(
                backend.region().state() == RegionState.FAILED
                    ? Duration.ZERO // it is being evacuated
                    : CONFIGURED_LEASE_LIMIT);
    if (lease.isEmpty()) {
      return new Answer.Busy(false);
    }
    try {
      start(lease.get(), () -> SwapRequest.configured(backend, object, writers));
      return new Answer.Started();
    } catch (SwapException e) {
      return new Answer.Refused(e.why());
    } catch (RuntimeException | Error e) {
      LOG.error("memory backend '{}': what is configured now can't be swapped to", id, e);
      return new Answer.Refused(e.toString());
    }
  }

  private void end(SwapTask task) {
    SwapReport report = task.report();
    BackendId id = report.region();
    Backend backend = machine.find(id.value()).orElseThrow();
    boolean configured = task.order().request().origin() == SwapRequest.Origin.CONFIGURATION;
    boolean last;
    synchronized (this) {
      last = closed;
      List<SwapReport> all = ended.computeIfAbsent(id, first -> new ArrayList<>());
      all.addFirst(report);
      if (all.size() > REMEMBERED) {
        all.removeLast();
      }
    }
    recorder.ended(
        backend, new SwapRecorder.Outcome(report.phase() == SwapPhase.DONE, configured, last));
    unregister(task);
    task.order().lease().close();
    wake.run();
  }

  @Override
  public synchronized Optional<RunningSwap> running(BackendId id) {
    return Optional.ofNullable(running.get(id)).map(Running::task);
  }

  @Override
  public synchronized List<SwapReport> history(BackendId id) {
    return List.copyOf(ended.getOrDefault(id, List.of()));
  }

  /**
   * Begins to serve the machine until it ends: copies what can be read of a memory backend that
   * fails to its standby file, if it has one. The machine's end rolls swaps back and waits for the
   * copy; writers that are stopped then go on when the memory is gone, and meet its end there.
   */
  public void serve() {
    machine.beforeClose(this::close);
    machine.afterClose(this::goOn);
    machine.watch(
        new MachineWatcher() {
          @Override
          public void objectChanged(Backend backend) {
            if (backend.region().state() == RegionState.FAILED && backend.rescue().isEmpty()) {
              backend.standby().ifPresent(standby -> evacuate(backend, standby));
            }
          }
        });
  }

  private void goOn() {
    if (machine.letsWritersGoOn()) {
      cont();
    } else {
      LOG.warn(
          "guest writers stay stopped: memory is still mapped, and the guest is in another machine");
    }
  }

  @Override
  public boolean evacuate(Backend backend, Path standby) {
    try {
      backend.region().requireOurs();
    } catch (MachineBusyException e) {
      LOG.warn("it is not evacuated: {}", e.getMessage());
      return false;
    }
    Optional<Evacuation> evacuation = Evacuation.start(backend, standby, writers);
    evacuation.ifPresent(one -> machine.beforeClose(one::awaitEnd));
    return evacuation.isPresent();
  }

  @Override
  public boolean stop() throws MachineBusyException {
    try {
      return writers.stop(SwapLimits.DEFAULT.pause());
    } catch (GivenUpException e) {
      throw MachineBusyException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw MachineBusyException.of(
          new GivenUpException("the caller was interrupted while it waited for them"));
    }
  }

  @Override
  public boolean cont() {
    return writers.cont();
  }

  @Override
  public boolean isStopped() {
    return writers.isStopped();
  }

  private void progressed(SwapReport report) {
    for (Consumer<SwapReport> one : watchers) {
      try {
        one.accept(report);
      } catch (RuntimeException | LinkageError e) {
        LOG.warn("a watcher of swaps failed: {}", one, e); // its bundle may be stopping
      }
    }
  }

  @Override
  public Runnable watch(Consumer<SwapReport> watcher) {
    watchers.add(watcher);
    return () -> watchers.remove(watcher);
  }

  /**
   * Cancels the swaps that are under way and waits for their end; no swap can be started any more.
   */
  public void close() {
    List<SwapTask> left;
    synchronized (this) {
      closed = true;
      left = running.values().stream().map(Running::task).toList();
    }
    left.forEach(task -> task.cancel("the machine ended"));
    try {
      for (SwapTask task : left) {
        if (!task.await(END_LIMIT).phase().isEnd()) {
          LOG.error("the swap of memory backend '{}' does not end", task.report().region());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
