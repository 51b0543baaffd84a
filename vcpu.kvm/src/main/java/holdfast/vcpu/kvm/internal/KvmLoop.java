package holdfast.vcpu.kvm.internal;

import holdfast.backend.api.ByteSize;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.LostMemoryException;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.MemoryFault.Access;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.engine.AccessFinder;
import holdfast.vcpu.api.engine.RunGate;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The run loop of a vCPU: through the gate, {@code KVM_RUN}, and what its return means.
 *
 * <p>KVM completes an instruction that read or wrote a register of a device at the next {@code
 * KVM_RUN}, which may store into guest memory ({@code ins}, {@code movs}). Therefore a pause
 * completes it ({@link #settle}), so that nothing is left to be stored by then, and the registers
 * are those behind the instruction. The page that is shared is read before the gate is left: a
 * pause may begin right after.
 */
public final class KvmLoop implements RunGate.Guest {
  private static final Logger log = LoggerFactory.getLogger(KvmLoop.class);

  /** How often memory that can't be reached, and is not lost, is tried again. */
  private static final int TRIES = 3;

  /** How long it is tried while a device that is unplugged still has its slot. */
  private static final long UNPLUGGED_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final KvmCpu cpu;
  private final RunPage page;
  private final GuestMemory memory;
  private final AccessFinder finder;
  private final KvmSlots slots;
  private final RunGate gate = new RunGate(this);

  // who runs, of whom the kicks are; under the gate's lock
  private @Nullable Thread thread;
  private int tid;

  /** Whether a kick has failed, which is told once. Under the gate's lock. */
  private boolean deaf;

  /** Held by who works on the vCPU while the gate is shut: several may have shut it. */
  private final ReentrantLock work = new ReentrantLock();

  // what follows is used by who is in the gate, or has shut it and holds that lock

  /** The exits still to come of the last instruction. */
  private final Queue<VcpuExit> further = new ArrayDeque<>();

  /** What came of completing an instruction in a pause, for the next run. */
  private @Nullable Outcome carried;

  /** Whether the next KVM_RUN completes the last instruction. */
  private boolean unfinished;

  /** How often in a row memory could not be reached. */
  private int unreachable;

  /** When it could not for the first time. */
  private long unreachableSince;

  /** The answer that is still to come. */
  private volatile @Nullable Reply awaited;

  /** The interrupt that the guest is to take, or -1. */
  private volatile int vector = -1;

  /** The loop of {@code cpu}, whose memory is {@code memory}. */
  public KvmLoop(KvmCpu cpu, GuestMemory memory, AccessFinder finder, KvmSlots slots) {
    this.cpu = cpu;
    this.page = cpu.page();
    this.memory = memory;
    this.finder = finder;
    this.slots = slots;
  }

  /** Returns the gate to the guest. */
  public RunGate gate() {
    return gate;
  }

  @Override
  public void admit() {
    if (Thread.currentThread() != thread) {
      thread = Thread.currentThread();
      tid = cpu.kvm().vmm().gettid();
    }
    page.leave(false);
  }

  @Override
  public void kick() {
    page.leave(true); // for a KVM_RUN that has not begun yet
    try {
      cpu.kvm().signal().send(tid); // for one that has; the thread is in the gate, and so alive
    } catch (ErrnoException e) {
      if (!deaf) { // a pause asks again each millisecond
        deaf = true;
        log.error(
            "vCPU '{}' can't be signalled, and leaves the guest's code only by itself: {}",
            cpu.name(),
            e.sentence());
      }
    }
  }

  @Override
  public void abandon() {
    awaited = null; // all bits are set already
  }

  /** Runs the guest until there is something to tell. */
  public VcpuExit run() {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException(
          "vCPU '"
              + cpu.name()
              + "' can't be run by a virtual thread, which no signal reaches and no pause could"
              + " stop: run it in a platform thread of its own");
    }
    boolean entered = gate.enter();
    while (entered) {
      Outcome outcome = new Outcome.Left();
      try {
        outcome = next();
      } finally {
        gate.leave(awaited != null);
      }
      Optional<VcpuExit> exit = exit(outcome);
      if (exit.isPresent()) {
        return exit.get();
      }
      entered = gate.reenter();
    }
    return new VcpuExit.Interrupted();
  }

  private Outcome next() {
    awaited = null; // an answer that did not come: all bits are set
    VcpuExit left = further.poll();
    if (left != null) {
      if (left instanceof VcpuExit.PortRead(int _, int _, Reply reply)) {
        awaited = reply;
      }
      return new Outcome.Exit(left);
    }
    Outcome earlier = carried;
    if (earlier != null) {
      carried = null;
      if (earlier instanceof Outcome.Load load) {
        awaited = load.reply();
      }
      return earlier;
    }
    try {
      deliver();
    } catch (VcpuException e) {
      return new Outcome.Exit(new Ended.EngineError(e.getMessage(), vector, List.of()));
    }
    return once();
  }

  /** Gives the guest its interrupt if it takes one now, or has it leave when it does. */
  private void deliver() throws VcpuException {
    boolean now = vector >= 0 && page.takesInterrupt();
    if (now) {
      cpu.interrupt(vector);
      vector = -1;
    }
    page.askForInterruptWindow(vector >= 0);
  }

  /** Runs the guest once. */
  private Outcome once() {
    unfinished = false;
    page.clear();
    try {
      cpu.run();
    } catch (ErrnoException e) {
      if (Kvm.isMemory(e)) {
        return new Outcome.Unreachable(page.faultAddress(), e.sentence(), e.errno().value());
      }
      return e.is(Errno.EINTR) || e.is(Errno.EAGAIN)
          ? new Outcome.Left()
          : new Outcome.Exit(new Ended.EngineError(e.sentence(), e.errno().value(), List.of()));
    }
    return switch (page.reason()) {
      case RunPage.Reason.Port port -> port(port);
      case RunPage.Reason.Mmio mmio -> mmio(mmio);
      case RunPage.Reason.Halt() -> new Outcome.Exit(new VcpuExit.Halted());
      case RunPage.Reason.Shutdown() -> new Outcome.Exit(new Ended.Shutdown());
      case RunPage.Reason.FailedEntry(long reason) ->
          new Outcome.Exit(new Ended.EntryFailed(reason));
      case RunPage.Reason.InternalError(int suberror, List<Long> data) ->
          new Outcome.Exit(
              new Ended.EngineError("KVM_EXIT_INTERNAL_ERROR with suberror", suberror, data));
      case RunPage.Reason.Left() -> new Outcome.Left();
      case RunPage.Reason.Other(int reason) ->
          new Outcome.Exit(new Ended.EngineError("KVM's exit reason", reason, List.of()));
    };
  }

  private Outcome port(RunPage.Reason.Port port) {
    unfinished = true;
    for (int i = 0; i < port.count(); i++) {
      int at = port.data() + i * port.width();
      if (port.in()) {
        page.answerOnes(at, port.width());
        further.add(new VcpuExit.PortRead(port.port(), port.width(), reply(at, port.width())));
      } else {
        further.add(
            new VcpuExit.PortWrite(port.port(), port.width(), page.value(at, port.width())));
      }
    }
    VcpuExit first = further.remove();
    if (first instanceof VcpuExit.PortRead(int _, int _, Reply reply)) {
      awaited = reply;
    }
    return new Outcome.Exit(first);
  }

  private Outcome mmio(RunPage.Reason.Mmio mmio) {
    unfinished = true;
    GuestAddress address = new GuestAddress(mmio.address());
    if (mmio.store()) {
      return new Outcome.Store(address, mmio.width(), page.value(mmio.data(), mmio.width()));
    }
    page.answerOnes(mmio.data(), mmio.width());
    Reply reply = reply(mmio.data(), mmio.width());
    awaited = reply;
    return new Outcome.Load(address, mmio.width(), reply);
  }

  private Reply reply(int offset, int width) {
    return new Reply(offset, width, this::answer);
  }

  private void answer(Reply reply, long value) {
    if (!gate.unlessClosed(() -> put(reply, value))) {
      throw new IllegalStateException(
          "vCPU '" + cpu.name() + "' is closed, and takes no answer any more");
    }
  }

  private void put(Reply reply, long value) {
    if (awaited != reply) {
      throw new IllegalStateException(
          "vCPU '"
              + cpu.name()
              + "' no longer waits for this answer: give it once, and before the"
              + " next run");
    }
    page.answer(reply.offset(), reply.width(), value);
    awaited = null;
    if (further.isEmpty()) {
      gate.release();
    }
  }

  /** Returns the exit that an outcome is, outside the gate; empty if the guest runs on. */
  private Optional<VcpuExit> exit(Outcome outcome) {
    if (!(outcome instanceof Outcome.Unreachable)) {
      unreachable = 0;
    }
    return switch (outcome) {
      case Outcome.Exit(VcpuExit exit) -> Optional.of(exit);
      case Outcome.Left() ->
          gate.takeInterrupt() ? Optional.of(new VcpuExit.Interrupted()) : Optional.empty();
      case Outcome.Store(GuestAddress address, int width, long value) ->
          store(address, width, value);
      case Outcome.Load(GuestAddress address, int width, Reply reply) ->
          load(address, width, reply);
      case Outcome.Unreachable(long address, String error, int code) -> lost(address, error, code);
    };
  }

  /** Runs stores of Java's on behalf of the guest, which KVM's log does not see. */
  public void store(GuestRange range, Runnable stores) {
    gate.store(logged(range, stores));
  }

  private Runnable logged(GuestRange range, Runnable stores) {
    return () -> {
      try {
        stores.run();
      } finally {
        slots.stored(range);
      }
    };
  }

  private Optional<VcpuExit> store(GuestAddress address, int width, long value) {
    Optional<VcpuExit> found = finder.store(address, width, value);
    if (found.isEmpty()) {
      // memory that has just come, or that KVM's emulation did not find: the store is made here
      try {
        GuestRange range = GuestRange.of(address, new ByteSize(width));
        // of a vCPU that is closed meanwhile the store is not made, as if it ended before
        gate.storeUnlessClosed(logged(range, () -> memory.write(address, bytes(width, value))));
      } catch (LostMemoryException e) {
        Access access = new Access(address, width, true);
        return Optional.of(new MemoryFault.PageLost(Optional.of(access), e.device()));
      } catch (GuestMemoryException e) {
        return finder.store(address, width, value); // gone again
      } catch (IllegalStateException e) {
        return gone(finder.store(address, width, value), e);
      }
    }
    return found;
  }

  private Optional<VcpuExit> load(GuestAddress address, int width, Reply reply) {
    Optional<VcpuExit> found = finder.load(address, width, reply);
    if (found.isEmpty()) {
      try {
        MemorySegment bytes = bytes(width, 0);
        memory.read(address, bytes);
        gate.unlessClosed(() -> put(reply, number(bytes)));
        return Optional.empty();
      } catch (LostMemoryException e) {
        Access access = new Access(address, width, false);
        found = Optional.of(new MemoryFault.PageLost(Optional.of(access), e.device()));
      } catch (GuestMemoryException e) {
        found = finder.load(address, width, reply); // gone again
      } catch (IllegalStateException e) {
        found = gone(finder.load(address, width, reply), e);
      }
    }
    if (found.isPresent() && found.get() instanceof MemoryFault) {
      awaited = null; // nobody answers
      gate.release();
    }
    return found;
  }

  /** Returns the exit of an access during which its device went, if that is why it failed. */
  private static Optional<VcpuExit> gone(Optional<VcpuExit> found, IllegalStateException failed) {
    if (found.isEmpty()) {
      throw failed;
    }
    return found;
  }

  private static MemorySegment bytes(int width, long value) {
    byte[] bytes = new byte[width];
    for (int i = 0; i < width; i++) {
      bytes[i] = (byte) (value >>> i * 8);
    }
    return MemorySegment.ofArray(bytes);
  }

  private static long number(MemorySegment bytes) {
    long number = 0;
    for (long i = bytes.byteSize() - 1; i >= 0; i--) {
      number =
          number << 8 | Byte.toUnsignedLong(bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, i));
    }
    return number;
  }

  private Optional<VcpuExit> lost(long address, String error, int code) {
    Optional<MemoryFault> truncated = finder.truncated();
    if (truncated.isPresent()) {
      return Optional.of(truncated.get());
    }
    if (address != -1
        && finder.load(new GuestAddress(address), 1, _ -> {}).orElse(null)
            instanceof MemoryFault fault) {
      return Optional.of(fault);
    }
    if (unreachable == 0) {
      unreachableSince = System.nanoTime();
    }
    if (unreachable++ < TRIES) {
      return Optional.empty();
    }
    if (finder.isUnplugging() && System.nanoTime() - unreachableSince < UNPLUGGED_NANOS) {
      Thread.yield(); // the access is told as one to nowhere, when the slot has gone
      return Optional.empty();
    }
    unreachable = 0;
    return Optional.of(
        new Ended.EngineError(
            error
                + ": the host can't provide a page of guest memory, and no file is shorter than it"
                + " was; its disk may be full or have failed",
            code,
            address == -1 ? List.of() : List.of(address)));
  }

  /**
   * Has KVM complete the last instruction, if all that it asked for was answered. Called while the
   * gate is shut, and not closed.
   */
  public void settle() {
    work.lock();
    try {
      if (!unfinished || awaited != null || !further.isEmpty() || carried != null) {
        return;
      }
      page.leave(true);
      Outcome outcome = once();
      if (!(outcome instanceof Outcome.Left)) {
        carried = outcome; // the instruction has another part
        awaited = null;
      }
    } finally {
      work.unlock();
    }
  }

  /**
   * Makes a change while the guest is outside its code, and nobody else works on the vCPU; before
   * it the last instruction is completed, if all that it asked for was answered.
   *
   * @return false if the guest did not leave in time; then the change was not made
   * @throws IllegalStateException if the vCPU is closed
   */
  public boolean outside(Duration limit, Runnable change) {
    if (gate.isClosed()) {
      throw new IllegalStateException("vCPU '" + cpu.name() + "' is closed");
    }
    return gate.outsideWhileOpen(
        limit,
        () -> {
          work.lock();
          try {
            settle();
            change.run();
          } finally {
            work.unlock();
          }
        });
  }

  /**
   * Throws if the last instruction is not done, which would overwrite what is set now.
   *
   * @throws IllegalStateException if it waits for an answer, or has another part
   */
  public void requireSettled() {
    if (awaited != null) {
      throw new IllegalStateException(
          "vCPU '"
              + cpu.name()
              + "' waits for the answer to its last exit, whose instruction would overwrite the"
              + " registers: answer, then set them");
    }
    if (!isBetweenInstructions()) {
      throw new IllegalStateException(
          "vCPU '"
              + cpu.name()
              + "' is within an instruction that reads or writes devices several times, and would"
              + " overwrite the registers: run it until that is done, then set them");
    }
  }

  /** Returns whether the registers are those between two instructions. */
  boolean isBetweenInstructions() {
    return !unfinished && awaited == null && further.isEmpty() && carried == null;
  }

  /** Has the guest take an interrupt as soon as it can; returns false if one is waiting already. */
  public boolean inject(int number) {
    if (gate.isClosed()) {
      throw new IllegalStateException("vCPU '" + cpu.name() + "' is closed");
    }
    if (vector >= 0) {
      return false;
    }
    vector = number;
    return true;
  }

  int vector() {
    return vector;
  }

  /** Sets the interrupt that waits, or -1, and forgets what the last exit left behind. */
  void reset(int waiting) {
    vector = waiting;
    further.clear();
    carried = null;
    unfinished = false;
    awaited = null;
  }
}
