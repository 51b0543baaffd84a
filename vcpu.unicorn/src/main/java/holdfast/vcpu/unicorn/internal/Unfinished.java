package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.engine.MemoryFollower;
import holdfast.vcpu.api.engine.RunGate;
import holdfast.vcpu.api.engine.Standing;
import holdfast.vcpu.unicorn.X86Register;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a vCPU's last exit left to do: an instruction whose answer is still to come, and exits of
 * instructions that are done. Used under the lock of its engine.
 */
final class Unfinished {
  private final UnicornEngine engine;
  private final RunGate gate;
  private final MemoryFollower follower;
  private final DeviceMapper mapper;

  /** What the guest waits for. */
  private @Nullable Pending pending;

  /** What the emulator is still to be told. */
  private final Deque<VcpuExit> untold = new ArrayDeque<>();

  /** What the guest met that is lost, and its region does not know of yet. */
  private final List<Loss> losses = new ArrayList<>();

  /** An address at which a device has lost its page. */
  record Loss(MemoryDevice device, GuestAddress address) {}

  /** An instruction that is not done. */
  private sealed interface Pending {
    /** Who gives its answer. */
    Reply reply();

    /** Its load from a device register is to be answered. */
    record Load(Instruction instruction, Refusal load, Reply reply) implements Pending {}

    /** It is done but for the register that takes what was read from a port. */
    record Port(int width, Reply reply) implements Pending {}
  }

  Unfinished(UnicornEngine engine, RunGate gate, MemoryFollower follower, DeviceMapper mapper) {
    this.engine = engine;
    this.gate = gate;
    this.follower = follower;
    this.mapper = mapper;
  }

  /** Returns where the answer to an exit goes, which ends what the gate holds. */
  Reply reply() {
    return new Reply(gate::release);
  }

  /**
   * Goes on with it, within the gate.
   *
   * @return false if there is nothing
   */
  boolean goOn() {
    if (!losses.isEmpty() || !untold.isEmpty()) {
      return true; // it may be the load that is pending: nobody knows of that yet
    }
    if (pending != null) {
      finish(pending);
      return true;
    }
    return false;
  }

  /** Returns the next exit that the emulator is to be told, if there is one. */
  @Nullable VcpuExit poll() {
    return untold.poll();
  }

  /**
   * Notes pages that the guest met, which are lost from now on for whoever accesses them.
   *
   * <p>Called before the lock is left under which the guest met them.
   */
  void lose(List<Cell.LostPage> pages) {
    for (Cell.LostPage page : pages) {
      engine.guard().loseAgain(page);
      mapper
          .at(page.address())
          .ifPresent(
              device -> {
                long offset = page.address() - device.segment().address();
                losses.add(new Loss(device, device.address().plus(offset)));
              });
    }
  }

  /** Returns what is lost and not told, and forgets it. */
  List<Loss> takeLosses() {
    List<Loss> taken = List.copyOf(losses);
    losses.clear();
    return taken;
  }

  /** Completes what is answered. */
  void settle() {
    if (pending != null && pending.reply().isAnswered()) {
      finish(pending);
    }
  }

  /**
   * Begins with an instruction before which the guest is, since its access was refused.
   *
   * @param exit what the emulator would be told of it
   * @return what it is told; within an {@link VcpuExit.MmioRead} the guest is until it is answered.
   *     Null if the guest is to try it again
   */
  @Nullable VcpuExit begin(VcpuExit exit, Refusal access, Reply reply) {
    Instruction instruction = new Instruction(engine);
    if (access.store() && isRest(access)) {
      instruction.add(access, Optional.empty());
      complete(instruction);
      return untold.poll();
    }
    switch (exit) {
      case VcpuExit.MmioRead _ -> {
        pending = new Pending.Load(instruction, access, reply);
      }
      case MemoryFault.Unplugged _ when !access.store() -> {
        instruction.answer(access, -1);
        complete(instruction);
      }
      case MemoryFault.StoredReadOnly(var _, MemoryDevice device) -> {
        instruction.drop(access, Optional.of(device));
        complete(instruction);
      }
      case VcpuExit.MmioWrite _, MemoryFault.Unplugged _ -> {
        instruction.drop(access, Optional.empty());
        complete(instruction);
      }
      default -> {} // told again at the next try
    }
    return exit;
  }

  /**
   * Returns whether it may be a part of a store that began in memory. Unicorn makes such a store
   * byte by byte, and was refused the first one outside: how many there are is known when the
   * instruction has been run.
   */
  private boolean isRest(Refusal store) {
    return store.width() == 1 && isBehindMemory(store.address());
  }

  private boolean isBehindMemory(GuestAddress address) {
    Standing here = follower.at(address).orElse(null);
    return (here == null || here instanceof Standing.Gone)
        && address.value() != 0
        && follower.at(new GuestAddress(address.value() - 1)).orElse(null)
            instanceof Standing.Mapped;
  }

  /**
   * Returns the part of the guest's refused access that is told at first. Of a load that began in
   * memory Unicorn was refused a word of which the load may need less: it is begun once more.
   */
  Refusal part(Refusal whole) {
    Refusal part = clip(whole);
    if (part.store() || part.width() == 1 || !isBehindMemory(part.address())) {
      return part;
    }
    long address = part.address().value();
    if (engine.watchLoad(address).orElse(null) instanceof Outcome.Lost(List<Cell.LostPage> pages)) {
      lose(pages);
    }
    int reach = engine.callbacks().reach();
    return reach > 0 && reach < part.width() ? new Refusal(part.address(), reach, false, 0) : part;
  }

  /** Returns the part of an access up to where something else stands than where it begins. */
  Refusal clip(Refusal access) {
    Optional<Standing> standing = follower.at(access.address());
    int width = 1;
    while (width < access.width()
        && access.address().value() + width != 0 // behind the last address
        && follower.at(access.address().plus(width)).equals(standing)) {
      width++;
    }
    return new Refusal(
        access.address(), width, access.store(), Callbacks.low(access.value(), width));
  }

  /** The guest is behind an instruction that reads a port. */
  VcpuExit portRead(int port, int width, long at) {
    if (X86Opcode.isStringInput(i -> byteAt(at + i))) {
      return new Ended.EngineError(
          "ins, which stores what it reads from a port, is not supported", port, List.of(at));
    }
    Reply reply = reply();
    pending = new Pending.Port(width, reply);
    return new VcpuExit.PortRead(port, width, reply);
  }

  /** Returns a byte of code, 0 if it can't be had; fails no region, since it is within the gate. */
  private int byteAt(long address) {
    GuestAddress code = new GuestAddress(address);
    for (MemoryDevice device : follower.mapped()) {
      if (device.range().contains(code)) {
        try {
          return device.segment().get(ValueLayout.JAVA_BYTE, code.offsetFrom(device.address()));
        } catch (InternalError lost) {
          return 0; // told when the guest goes there
        }
      }
    }
    return 0;
  }

  /** Completes what was pending, with its answer or without. */
  private void finish(Pending waiting) {
    pending = null;
    long value = waiting.reply().close();
    switch (waiting) {
      case Pending.Load(Instruction instruction, Refusal load, Reply _) -> {
        instruction.answer(load, value);
        complete(instruction);
      }
      case Pending.Port(int width, Reply _) -> {
        long read = Callbacks.low(value, width);
        long before = engine.read(X86Register.RAX);
        // a 32-bit result clears the upper half, a shorter one leaves the rest
        long kept = width == Integer.BYTES ? 0 : before & -(1L << (width * Byte.SIZE));
        engine.write(X86Register.RAX, kept | read);
      }
    }
  }

  /** Runs an instruction to its end, as far as it goes without another answer. */
  private void complete(Instruction instruction) {
    while (!instruction.endless()) {
      switch (instruction.run()) {
        case Instruction.Result.Done(List<Refusal> stores, Outcome outcome) -> {
          stores.forEach(this::stored);
          tellLater(outcome);
          return;
        }
        case Instruction.Result.Asks(Refusal load) -> {
          if (!(follower.at(load.address()).orElse(null) instanceof Standing.Gone gone)) {
            ask(instruction, load);
            return;
          }
          unplugged(instruction, load, gone.device());
        }
        case Instruction.Result.Accesses(Refusal access) -> {
          if (!admit(instruction, clip(access))) {
            return;
          }
        }
        case Instruction.Result.Missing(MemoryDevice device, GuestAddress page) -> {
          untold.clear(); // the store that it did not make
          losses.add(new Loss(device, page));
          return;
        }
        case Instruction.Result.Changed _ -> {
          return; // memory stands there now: the instruction is run as any other
        }
      }
    }
    untold.add(
        new Ended.EngineError(
            "an instruction that accesses devices more often than any can",
            UnicornLibrary.ERR_OK,
            List.of(engine.read(engine.architecture().counter()))));
  }

  /** Has the emulator asked for what an instruction loads from a device register. */
  private void ask(Instruction instruction, Refusal load) {
    Reply reply = reply();
    pending = new Pending.Load(instruction, load, reply);
    untold.add(new VcpuExit.MmioRead(load.address(), load.width(), reply));
  }

  /** Tells of a store of an instruction's into what is no memory. */
  private void stored(Refusal store) {
    Refusal part = clip(store);
    untold.add(
        follower.at(part.address()).orElse(null) instanceof Standing.Gone gone
            ? new MemoryFault.Unplugged(at(part), gone.device())
            : new VcpuExit.MmioWrite(part.address(), part.width(), part.value()));
    if (part.width() < store.width()) {
      stored(
          new Refusal(
              new GuestAddress(store.address().value() + part.width()), // may go on at 0
              store.width() - part.width(),
              true,
              store.value() >>> (part.width() * Byte.SIZE)));
    }
  }

  /** Lets an instruction access a device that is gone, and tells of it. */
  private void unplugged(Instruction instruction, Refusal access, String device) {
    untold.add(new MemoryFault.Unplugged(at(access), device));
    if (access.store()) {
      instruction.drop(access, Optional.empty());
    } else {
      instruction.answer(access, -1);
    }
  }

  private static MemoryFault.Access at(Refusal access) {
    return new MemoryFault.Access(access.address(), access.width(), access.store());
  }

  /** Lets an instruction access what it accesses beside the first; says if it goes on at once. */
  private boolean admit(Instruction instruction, Refusal access) {
    Optional<Standing> standing = follower.at(access.address());
    MemoryFault.Access at = at(access);
    switch (standing.orElse(null)) {
      case null -> {
        if (!access.store()) {
          ask(instruction, access);
          return false;
        }
        instruction.add(access, Optional.empty());
      }
      case Standing.Gone(var _, String device) -> unplugged(instruction, access, device);
      case Standing.Mapped(MemoryDevice device) when access.store() && device.readOnly() -> {
        untold.add(new MemoryFault.StoredReadOnly(at, device));
        instruction.drop(access, Optional.of(device));
      }
      case Standing.Mapped _ -> {
        return false; // it is being taken away: the instruction is tried again
      }
      case Standing.Failed(MemoryDevice device) -> {
        untold.add(new MemoryFault.RegionFailed(at, device));
        return false;
      }
      case Standing.Refused(MemoryDevice device, VcpuException reason) -> {
        untold.add(new MemoryFault.NotTaken(at, device, reason));
        return false;
      }
    }
    return true;
  }

  private void tellLater(Outcome outcome) {
    switch (outcome) {
      case Outcome.Trapped(int number) -> untold.add(new VcpuExit.Trap(number));
      case Outcome.PortWrite(int port, int width, long value) ->
          untold.add(new VcpuExit.PortWrite(port, width, value));
      case Outcome.Lost(List<Cell.LostPage> pages) -> {
        untold.clear(); // what it did upon an empty page is told to nobody
        lose(pages);
      }
      case Outcome.Failed(int error) ->
          untold.add(
              new Ended.EngineError(
                  engine.describe(error),
                  error,
                  List.of(engine.read(engine.architecture().counter()))));
      default -> {} // met again
    }
  }

  /**
   * Writes what the emulator has not been told of.
   *
   * @throws IOException if the guest is within an instruction, or has met lost memory
   */
  void save(DataOutputStream out) throws IOException {
    if (!losses.isEmpty()) {
      throw new IOException(
          "it met a page that the host can't provide, at " + losses.getFirst().address());
    }
    SavedExits.write(untold, out);
    boolean asks = pending instanceof Pending.Load && untold.stream().anyMatch(this::isPending);
    if (pending != null && !asks) {
      throw new IOException(
          "it is within an instruction that loads from a device, which is not answered");
    }
    out.writeBoolean(asks);
    if (pending instanceof Pending.Load(Instruction instruction, Refusal load, Reply _)) {
      SavedExits.write(instruction.served(), out);
      SavedExits.write(load, out);
    }
  }

  private boolean isPending(VcpuExit exit) {
    return exit instanceof VcpuExit.MmioRead load
        && pending != null
        && load.reply() == pending.reply();
  }

  /**
   * Takes over what was saved.
   *
   * @throws IOException if it is damaged; then nothing is changed
   */
  void load(DataInputStream in, GuestMemory memory) throws IOException {
    List<VcpuExit> exits = SavedExits.read(in, memory);
    boolean asks = in.readBoolean();
    List<Instruction.Served> served = asks ? SavedExits.readServed(in, memory) : List.of();
    Optional<Refusal> load = asks ? Optional.of(SavedExits.readAccess(in)) : Optional.empty();
    losses.clear();
    untold.clear();
    untold.addAll(exits);
    pending = null;
    load.ifPresent(
        it -> {
          Instruction instruction = new Instruction(engine);
          served.forEach(instruction::serve);
          ask(instruction, it);
        });
  }
}
