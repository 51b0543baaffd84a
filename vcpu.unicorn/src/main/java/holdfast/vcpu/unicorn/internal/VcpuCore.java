package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.engine.AccessFinder;
import holdfast.vcpu.api.engine.MemoryFollower;
import holdfast.vcpu.api.engine.RunGate;
import holdfast.vcpu.api.engine.Standing;
import holdfast.vcpu.unicorn.Architecture;
import holdfast.vcpu.unicorn.Register;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A vCPU: its engine, its gate, and what its last exit left to do.
 *
 * <p><b>Locks.</b> {@link #lock} is held by whoever uses the engine: the thread in the guest's
 * code, for as long as it is there, and others while the gate keeps it out. It is taken after the
 * gate's, and nothing that waits for a listener is called with it.
 */
public final class VcpuCore implements AutoCloseable {
  /** So often an access is not refused for a change that is under way. */
  private static final int TOO_MANY = 1000;

  private final GuestMemory memory;
  private final UnicornEngine engine;
  private final RunGate gate;
  private final ReentrantLock lock = new ReentrantLock();
  private final MemoryFollower follower;
  private final AccessFinder finder;

  /** What the last exit left to do. Under the lock. */
  private final Unfinished unfinished;

  /** Where code was changed by others than the guest. Not under the lock. */
  private final Queue<GuestRange> stale = new ConcurrentLinkedQueue<>();

  /** Whether a thread is in {@link #run}, be it outside the gate. */
  private final AtomicBoolean running = new AtomicBoolean();

  /** Whether {@link #close} was called: memory is taken away, and what was met means nothing. */
  private volatile boolean closing;

  /** Whether the engine is no more. Under the lock. */
  private boolean closed;

  /** How often in a row an access was refused to memory that is there. */
  private int moments;

  /** What a try to go on came to: an exit, or what it has to be found out of, outside the gate. */
  private record Step(
      @Nullable VcpuExit exit, @Nullable Outcome outcome, List<Unfinished.Loss> losses) {
    Step(@Nullable VcpuExit exit, @Nullable Outcome outcome) {
      this(exit, outcome, List.of());
    }
  }

  /** Opens an engine on guest memory. */
  public VcpuCore(GuestMemory memory, Architecture architecture) throws VcpuException {
    this.memory = memory;
    engine = UnicornEngine.open(architecture);
    gate =
        new RunGate(
            new RunGate.Guest() {
              @Override
              public void admit() {
                engine.admit();
              }

              @Override
              public void kick() {
                engine.stop();
              }
            });
    DeviceMapper mapper = new DeviceMapper(engine, gate, lock);
    try {
      follower = MemoryFollower.open(memory, mapper);
    } catch (VcpuException | RuntimeException e) {
      engine.close();
      throw e;
    }
    finder = new AccessFinder(memory, follower);
    unfinished = new Unfinished(engine, gate, follower, mapper);
  }

  /** Returns the gate. */
  public RunGate gate() {
    return gate;
  }

  /** Returns what the CPU is. */
  public Architecture architecture() {
    return engine.architecture();
  }

  /** As {@link holdfast.vcpu.api.Vcpu#run}. */
  public VcpuExit run() {
    if (!running.compareAndSet(false, true)) {
      throw new IllegalStateException("another thread runs this vCPU");
    }
    try {
      return runAlone();
    } finally {
      running.set(false);
    }
  }

  private VcpuExit runAlone() {
    while (true) {
      if (!gate.enter()) {
        return new VcpuExit.Interrupted();
      }
      Step step = passGate();
      VcpuExit exit = step.exit();
      if (!step.losses().isEmpty()) {
        exit = held(() -> lost(step.losses()));
      } else if (step.outcome() != null) {
        exit = exit(step.outcome());
      }
      if (closing) {
        return new VcpuExit.Interrupted();
      }
      if (exit != null) {
        return exit;
      }
      if (gate.takeInterrupt()) {
        return new VcpuExit.Interrupted();
      }
    }
  }

  private Step passGate() {
    Step step = new Step(null, null);
    try {
      step = goOn();
      return step;
    } finally {
      gate.leave(holds(step));
    }
  }

  private static boolean holds(Step step) {
    return !step.losses().isEmpty()
        || step.outcome() instanceof Outcome.Refused
        || step.exit() instanceof VcpuExit.MmioRead
        || step.exit() instanceof VcpuExit.PortRead;
  }

  /** Goes on, within the gate. */
  private Step goOn() {
    lock.lock();
    try {
      if (unfinished.goOn()) {
        List<Unfinished.Loss> losses = unfinished.takeLosses();
        return losses.isEmpty() ? new Step(unfinished.poll(), null) : new Step(null, null, losses);
      }
      for (GuestRange range = stale.poll(); range != null; range = stale.poll()) {
        dropCode(range);
      }
      Outcome outcome = engine.run(Long.MAX_VALUE);
      return switch (outcome) {
        case Outcome.Stopped _ -> new Step(null, null);
        case Outcome.Halted _ -> new Step(new VcpuExit.Halted(), null);
        case Outcome.Trapped(int number) -> new Step(new VcpuExit.Trap(number), null);
        case Outcome.PortWrite(int port, int width, long value) ->
            new Step(new VcpuExit.PortWrite(port, width, value), null);
        case Outcome.PortRead(int port, int width, long at) ->
            new Step(unfinished.portRead(port, width, at), null);
        case Outcome.Lost(List<Cell.LostPage> pages) -> {
          unfinished.lose(pages);
          yield new Step(null, null, unfinished.takeLosses());
        }
        default -> new Step(null, outcome);
      };
    } finally {
      lock.unlock();
    }
  }

  /** Drops the code of a range, which Unicorn takes where memory is and in nothing else. */
  private void dropCode(GuestRange range) {
    for (MemoryDevice device : follower.mapped()) {
      GuestRange all = device.range();
      if (all.overlaps(range)) {
        engine.dropCode(
            new GuestRange(
                Collections.max(List.of(all.first(), range.first())),
                Collections.min(List.of(all.last(), range.last()))));
      }
    }
  }

  /** Returns the exit of an outcome that has to be looked at outside the gate. */
  private @Nullable VcpuExit exit(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Refused(Refusal access) -> refused(access);
      case Outcome.NoCode(long address) -> noCode(new GuestAddress(address));
      case Outcome.Failed(int error) -> failed(error);
      default -> throw new AssertionError(outcome);
    };
  }

  private VcpuExit failed(int error) {
    return new Ended.EngineError(engine.describe(error), error, List.of(counter()));
  }

  private long counter() {
    lock.lock();
    try {
      return closed ? 0 : engine.read(architecture().counter());
    } finally {
      lock.unlock();
    }
  }

  private VcpuExit noCode(GuestAddress address) {
    VcpuExit found = finder.load(address, 1, _ -> {}).orElse(new VcpuExit.Interrupted());
    return found instanceof MemoryFault
        ? found
        : new Ended.EngineError(
            "the guest went to an address where no code is",
            UnicornLibrary.ERR_FETCH_UNMAPPED,
            List.of(address.value()));
  }

  /** The guest is before the instruction, within which it is held until this has returned. */
  private @Nullable VcpuExit refused(Refusal whole) {
    boolean held = false;
    try {
      Refusal access;
      lock.lock();
      try {
        if (closed) {
          return new VcpuExit.Interrupted();
        }
        access = unfinished.part(whole);
      } finally {
        lock.unlock();
      }
      Reply reply = unfinished.reply();
      Optional<VcpuExit> found =
          access.store()
              ? finder.store(access.address(), access.width(), access.value())
              : finder.load(access.address(), access.width(), reply);
      if (found.isEmpty()) {
        return ++moments < TOO_MANY ? null : failed(UnicornLibrary.ERR_READ_UNMAPPED);
      }
      moments = 0;
      VcpuExit told;
      List<Unfinished.Loss> losses;
      lock.lock();
      try {
        if (closed) {
          return new VcpuExit.Interrupted();
        }
        told = unfinished.begin(found.get(), access, reply);
        held = told instanceof VcpuExit.MmioRead;
        losses = unfinished.takeLosses();
      } finally {
        lock.unlock();
      }
      VcpuExit lost = lost(losses);
      return lost == null ? told : lost;
    } finally {
      if (!held) {
        gate.release();
      }
    }
  }

  /** Runs something while no pause is reached. */
  private <T extends @Nullable Object> T held(Supplier<T> what) {
    try {
      return what.get();
    } finally {
      gate.release();
    }
  }

  /** Fails the region of which the guest met lost pages, whose listeners are waited for. */
  private @Nullable VcpuExit lost(List<Unfinished.Loss> losses) {
    VcpuExit told = null;
    for (Unfinished.Loss loss : losses) {
      MemoryDevice device = loss.device();
      try {
        memory.getByte(loss.address());
      } catch (LostMemoryException e) {
        return new MemoryFault.PageLost(Optional.empty(), device);
      } catch (GuestMemoryException | IllegalStateException e) {
        return unplugged(loss); // just now; its backend may be closed
      }
      boolean stands =
          follower.at(loss.address()).filter(new Standing.Mapped(device)::equals).isPresent();
      // another device may be there by now
      told = stands ? failed(UnicornLibrary.ERR_OK) : unplugged(loss);
    }
    return told;
  }

  private static MemoryFault unplugged(Unfinished.Loss loss) {
    return new MemoryFault.Unplugged(
        new MemoryFault.Access(loss.address(), 1, false), loss.device().id());
  }

  /** Called within a pause: an answer that is there goes into the guest. */
  public void settle() {
    lock.lock();
    try {
      if (!closed) {
        unfinished.settle();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Has all code translated again before more of it runs. */
  public void codeChanged() {
    follower.mapped().forEach(device -> stale.add(device.range()));
    engine.stop();
  }

  /** Has the code of a range translated again before more of it runs. */
  public void codeChanged(GuestRange range) {
    stale.add(range);
    engine.stop(); // if it runs: it goes on at once, with that code translated anew
  }

  /** Reads a register, while the guest is out of its code. */
  public long read(Register register) {
    lock.lock();
    try {
      requireOpen();
      return engine.read(register);
    } finally {
      lock.unlock();
    }
  }

  /** Writes a register, while the guest is out of its code. */
  public void write(Register register, long value) {
    lock.lock();
    try {
      requireOpen();
      engine.write(register, value);
    } finally {
      lock.unlock();
    }
  }

  /** Returns all registers. */
  Map<Register, byte[]> registers() {
    lock.lock();
    try {
      requireOpen();
      Map<Register, byte[]> values = new HashMap<>();
      for (Register register : architecture().registers()) {
        values.put(register, engine.bytes(register));
      }
      return values;
    } finally {
      lock.unlock();
    }
  }

  /** Writes what the emulator has not been told of. */
  void saveExits(DataOutputStream out) throws IOException {
    lock.lock();
    try {
      requireOpen();
      unfinished.settle();
      unfinished.save(out);
    } finally {
      lock.unlock();
    }
  }

  /** Takes a state over: registers, and what the emulator is to be told of. */
  void load(Map<Register, byte[]> values, DataInputStream in) throws IOException {
    lock.lock();
    try {
      requireOpen();
      unfinished.load(in, memory);
      values.forEach(engine::write);
      follower.mapped().forEach(device -> engine.dropCode(device.range()));
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the vCPU is closed");
    }
  }

  @Override
  public void close() {
    closing = true;
    if (!gate.close()) {
      return;
    }
    follower.close();
    lock.lock();
    try {
      closed = true;
      engine.close();
    } finally {
      lock.unlock();
    }
  }
}
