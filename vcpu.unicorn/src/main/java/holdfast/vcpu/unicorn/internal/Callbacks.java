package holdfast.vcpu.unicorn.internal;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.unicorn.UnicornVcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * What an engine calls while it runs, in the thread that runs it. Each notes what it was told and
 * has the guest leave; none calls the engine, changes its map or touches guest memory. None may
 * throw: that would end the JVM.
 */
final class Callbacks {
  private static final int MEM_FETCH_UNMAPPED = 21;
  private static final int MEM_WRITE_UNMAPPED = 20;
  private static final int MEM_WRITE_PROT = 22;
  private static final int MEM_FETCH_PROT = 24;

  /** x86's invalid opcode, for which Unicorn has a callback of its own. */
  private static final int INVALID_OPCODE = 6;

  /** Serves the accesses to device registers of one instruction. */
  interface Registers {
    long load(long address, int width);

    void store(long address, int width, long value);
  }

  private final Cell cell;

  final MemorySegment refused;
  final MemorySegment watched;
  final MemorySegment trapped;
  final MemorySegment invalid;
  final MemorySegment systemCall;
  final MemorySegment fastCall;
  final MemorySegment portRead;
  final MemorySegment portWrite;
  final MemorySegment load;
  final MemorySegment store;

  private @Nullable Outcome told;
  private @Nullable Throwable failure;
  private @Nullable Registers registers;

  /** An address that a load is to reach, and how many bytes of it are from there on. */
  private long watchedAddress;

  private int reach;

  Callbacks(Cell cell, Arena arena) {
    this.cell = cell;
    FunctionDescriptor event =
        FunctionDescriptor.of(
            JAVA_BOOLEAN, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    refused = stub(arena, "refused", event);
    watched =
        stub(
            arena,
            "watched",
            procedure(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
    trapped = stub(arena, "trapped", procedure(JAVA_LONG, JAVA_INT, JAVA_LONG));
    invalid = stub(arena, "invalid", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG, JAVA_LONG));
    systemCall = stub(arena, "systemCall", procedure(JAVA_LONG, JAVA_LONG));
    fastCall = stub(arena, "fastCall", procedure(JAVA_LONG, JAVA_LONG));
    portRead =
        stub(
            arena,
            "portRead",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG));
    portWrite =
        stub(arena, "portWrite", procedure(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    load =
        stub(
            arena,
            "load",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG));
    store = stub(arena, "store", procedure(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
  }

  private static FunctionDescriptor procedure(MemoryLayout... arguments) {
    return FunctionDescriptor.ofVoid(arguments);
  }

  private MemorySegment stub(Arena arena, String name, FunctionDescriptor type) {
    MethodType method = type.toMethodType();
    try {
      return Linker.nativeLinker()
          .upcallStub(
              MethodHandles.lookup().findVirtual(Callbacks.class, name, method).bindTo(this),
              type,
              arena);
    } catch (ReflectiveOperationException impossible) {
      throw new LinkageError(name, impossible);
    }
  }

  /** Sets who serves device registers; null for nobody. */
  void serve(@Nullable Registers registers) {
    this.registers = registers;
  }

  /** Watches for a load that begins before an address, and ends behind it. */
  void watch(long address) {
    watchedAddress = address;
    reach = 0;
  }

  /** Returns how many bytes of the load are at the address and behind it; 0 if none came. */
  int reach() {
    return reach;
  }

  /** Forgets what was told. */
  void begin() {
    told = null;
    failure = null;
  }

  /**
   * Returns what a run ended with.
   *
   * @param error Unicorn's
   * @param counter where the guest is now
   */
  Outcome outcome(int error, long counter) {
    Throwable failed = failure;
    if (failed != null) {
      throw new IllegalStateException("a callback of the engine's failed", failed);
    }
    var lost = cell.lost();
    if (!lost.isEmpty()) {
      return new Outcome.Lost(lost);
    }
    Outcome told = this.told;
    if (told != null) {
      return told;
    }
    if (counter == UnicornEngine.UNTIL) {
      return new Outcome.NoCode(counter);
    }
    return switch (error) {
      case UnicornLibrary.ERR_OK ->
          cell.last() == counter ? new Outcome.Stopped() : new Outcome.Halted();
      case UnicornLibrary.ERR_FETCH_UNMAPPED -> new Outcome.NoCode(counter);
      default -> new Outcome.Failed(error);
    };
  }

  private void tell(Outcome outcome) {
    if (told == null) {
      told = outcome;
    }
    cell.stop();
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private boolean refused(long uc, int type, long address, int width, long value, long user) {
    try {
      switch (type) {
        case MEM_FETCH_UNMAPPED, MEM_FETCH_PROT -> tell(new Outcome.NoCode(address));
        case MEM_WRITE_UNMAPPED, MEM_WRITE_PROT ->
            tell(
                new Outcome.Refused(
                    new Refusal(new GuestAddress(address), width, true, low(value, width))));
        default ->
            tell(new Outcome.Refused(new Refusal(new GuestAddress(address), width, false, 0)));
      }
    } catch (Throwable e) {
      failure = e;
    }
    return false;
  }

  @SuppressWarnings("unused") // called by address
  private void watched(long uc, int type, long address, int width, long value, long user) {
    long before = watchedAddress - address;
    if (before > 0 && before < width) {
      reach = width - (int) before;
    }
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private void trapped(long uc, int number, long user) {
    try {
      tell(new Outcome.Trapped(number));
    } catch (Throwable e) {
      failure = e;
    }
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private boolean invalid(long uc, long user) {
    try {
      tell(new Outcome.Trapped(INVALID_OPCODE));
    } catch (Throwable e) {
      failure = e;
    }
    return false;
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private void systemCall(long uc, long user) {
    try {
      tell(new Outcome.Trapped(UnicornVcpu.TRAP_SYSCALL));
    } catch (Throwable e) {
      failure = e;
    }
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private void fastCall(long uc, long user) {
    try {
      tell(new Outcome.Trapped(UnicornVcpu.TRAP_SYSENTER));
    } catch (Throwable e) {
      failure = e;
    }
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private int portRead(long uc, int port, int width, long user) {
    try {
      tell(new Outcome.PortRead(port, width, cell.last()));
    } catch (Throwable e) {
      failure = e;
    }
    return 0;
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private void portWrite(long uc, int port, int width, int value, long user) {
    try {
      tell(new Outcome.PortWrite(port, width, low(Integer.toUnsignedLong(value), width)));
    } catch (Throwable e) {
      failure = e;
    }
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private long load(long uc, long offset, int width, long page) {
    try {
      Registers registers = this.registers;
      return registers == null ? 0 : registers.load(page + offset, width);
    } catch (Throwable e) {
      failure = e;
      return 0;
    }
  }

  @SuppressWarnings({"unused", "IllegalCatch"}) // called by address; must not throw
  private void store(long uc, long offset, int width, long value, long page) {
    try {
      Registers registers = this.registers;
      if (registers != null) {
        registers.store(page + offset, width, low(value, width));
      }
    } catch (Throwable e) {
      failure = e;
    }
  }

  /** Returns the low bytes of a value. */
  static long low(long value, int width) {
    return width >= Long.BYTES ? value : value & ((1L << (width * Byte.SIZE)) - 1);
  }
}
