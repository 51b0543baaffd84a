package holdfast.vcpu.unicorn.internal;

import static holdfast.vcpu.unicorn.internal.UnicornLibrary.ENGINE;
import static holdfast.vcpu.unicorn.internal.UnicornLibrary.ERR_OK;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import holdfast.machine.api.GuestRange;
import holdfast.vcpu.api.EngineCallException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.unicorn.Architecture;
import holdfast.vcpu.unicorn.Register;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * One engine of Unicorn's ({@code uc_engine}): a CPU and its map of guest addresses.
 *
 * <p>Not thread-safe: its vCPU calls it under a lock. Only {@link #stop} is for any thread.
 */
final class UnicornEngine implements AutoCloseable {
  /** Where a run ends as if nothing was: at the last address, which no memory has. */
  static final long UNTIL = -1L;

  private static final long EVERYWHERE_FROM = 1;
  private static final long EVERYWHERE_TO = 0;

  private final Architecture architecture;
  private final UnicornLibrary library;
  private final FaultGuard guard;
  private final Arena arena = Arena.ofShared();

  /** Outlives the engine, as whoever stops it may be late. */
  private final Cell cell = new Cell(Arena.ofAuto());

  private final Callbacks callbacks;
  private final MemorySegment scratch = arena.allocate(64, 16);
  private final long uc;
  private final long context;

  private UnicornEngine(Architecture architecture, UnicornLibrary library, FaultGuard guard)
      throws VcpuException {
    this.architecture = architecture;
    this.library = library;
    this.guard = guard;
    this.callbacks = new Callbacks(cell, arena);
    check(
        "uc_open",
        architecture.label(),
        Native.invoke(
            () ->
                (int) library.open.invokeExact(architecture.arch(), architecture.mode(), scratch)));
    uc = scratch.get(JAVA_LONG, 0);
    check(
        "uc_context_alloc",
        architecture.label(),
        Native.invoke(() -> (int) library.contextAlloc.invokeExact(uc, scratch)));
    context = scratch.get(JAVA_LONG, 0);
    hook(UnicornLibrary.HOOK_CODE, guard.hook(), cell.memory().address());
    hook(UnicornLibrary.HOOK_MEM_INVALID, callbacks.refused, 0);
    hook(UnicornLibrary.HOOK_INTR, callbacks.trapped, 0);
    hook(UnicornLibrary.HOOK_INSN_INVALID, callbacks.invalid, 0);
    if (architecture == Architecture.X86_64) {
      hookInstruction(UnicornLibrary.X86_INS_IN, callbacks.portRead);
      hookInstruction(UnicornLibrary.X86_INS_OUT, callbacks.portWrite);
      hookInstruction(UnicornLibrary.X86_INS_SYSCALL, callbacks.systemCall);
      hookInstruction(UnicornLibrary.X86_INS_SYSENTER, callbacks.fastCall);
    }
  }

  static UnicornEngine open(Architecture architecture) throws VcpuException {
    UnicornLibrary library = UnicornLibrary.load(UnicornLibrary.name());
    return new UnicornEngine(architecture, library, FaultGuard.of(library));
  }

  Architecture architecture() {
    return architecture;
  }

  Cell cell() {
    return cell;
  }

  FaultGuard guard() {
    return guard;
  }

  Callbacks callbacks() {
    return callbacks;
  }

  /** Has {@link #run} return before the next instruction. */
  void stop() {
    cell.stop();
  }

  /** Takes {@link #stop} back. */
  void admit() {
    cell.admit();
  }

  private void hook(int type, MemorySegment callback, long user) throws VcpuException {
    check(
        "uc_hook_add",
        architecture.label(),
        Native.invoke(
            () ->
                (int)
                    library.addHook.invokeExact(
                        uc, scratch, type, callback, user, EVERYWHERE_FROM, EVERYWHERE_TO)));
  }

  /**
   * Begins the next instruction, whose load is refused at an address in front of which it begins.
   * The registers are as before then.
   *
   * @return what came of it, if it could be begun
   */
  Optional<Outcome> watchLoad(long address) {
    int error =
        Native.invoke(
            () ->
                (int)
                    library.addHook.invokeExact(
                        uc,
                        scratch,
                        UnicornLibrary.HOOK_MEM_READ,
                        callbacks.watched,
                        0L,
                        EVERYWHERE_FROM,
                        EVERYWHERE_TO));
    if (error != ERR_OK) {
      return Optional.empty();
    }
    long hook = scratch.get(JAVA_LONG, 0);
    callbacks.watch(address);
    save();
    try {
      admit();
      return Optional.of(run(1));
    } finally {
      restore();
      Native.invoke(() -> (int) library.removeHook.invokeExact(uc, hook));
    }
  }

  private void hookInstruction(int instruction, MemorySegment callback) throws VcpuException {
    check(
        "uc_hook_add",
        architecture.label(),
        Native.invoke(
            () ->
                (int)
                    library.addInstructionHook.invokeExact(
                        uc,
                        scratch,
                        UnicornLibrary.HOOK_INSN,
                        callback,
                        0L,
                        EVERYWHERE_FROM,
                        EVERYWHERE_TO,
                        instruction)));
  }

  /**
   * Shows host memory to the guest.
   *
   * @return Unicorn's error, 0 if it is done
   */
  int map(long guest, long length, long host, boolean writable) {
    int access = writable ? UnicornLibrary.PROT_ALL : UnicornLibrary.PROT_READ_EXEC;
    // SAFETY: the caller keeps the host memory mapped until unmap has returned.
    return Native.invoke(() -> (int) library.map.invokeExact(uc, guest, length, access, host));
  }

  /** Shows a page of device registers to the guest: {@link Callbacks} serves its accesses. */
  int mapDevice(long guest, long length) {
    return Native.invoke(
        () ->
            (int)
                library.mapDevice.invokeExact(
                    uc, guest, length, callbacks.load, guest, callbacks.store, guest));
  }

  /** Takes away what is mapped at a range, all of it. */
  int unmap(long guest, long length) {
    return Native.invoke(() -> (int) library.unmap.invokeExact(uc, guest, length));
  }

  /** Drops the code that was translated of a range of memory. */
  void dropCode(GuestRange range) {
    library.dropCode(uc, range.first().value(), range.last().value() + 1);
  }

  long read(Register register) {
    scratch.fill((byte) 0);
    access(library.readRegister, register, scratch);
    return scratch.get(JAVA_LONG, 0);
  }

  void write(Register register, long value) {
    scratch.set(JAVA_LONG, 0, value);
    access(library.writeRegister, register, scratch);
  }

  /** Reads a register of any width. */
  byte[] bytes(Register register) {
    scratch.fill((byte) 0);
    access(library.readRegister, register, scratch);
    return scratch.asSlice(0, register.width()).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
  }

  /** Writes a register of any width. */
  void write(Register register, byte[] value) {
    scratch.fill((byte) 0);
    MemorySegment.copy(MemorySegment.ofArray(value), 0, scratch, 0, register.width());
    access(library.writeRegister, register, scratch);
  }

  private void access(MethodHandle how, Register register, MemorySegment value) {
    int error = Native.invoke(() -> (int) how.invokeExact(uc, register.number(), value));
    if (error != ERR_OK) {
      throw new IllegalStateException(
          "register " + register.name() + ": " + library.describe(error));
    }
  }

  /** Keeps all registers, for {@link #restore}. */
  void save() {
    Native.invoke(() -> (int) library.contextSave.invokeExact(uc, context));
  }

  /** Takes the registers back to {@link #save}. */
  void restore() {
    Native.invoke(() -> (int) library.contextRestore.invokeExact(uc, context));
  }

  /**
   * Runs the guest's code from its program counter on, until something stops it.
   *
   * @param budget how many instructions at most
   */
  Outcome run(long budget) {
    long from = read(architecture.counter());
    cell.begin(from, budget);
    callbacks.begin();
    cell.thread(guard.thread());
    int error;
    try {
      // SAFETY: all that is mapped stays so during the call, and a lost page meets the guard.
      error = Native.invoke(() -> (int) library.start.invokeExact(uc, from, UNTIL, 0L, 0L));
    } finally {
      cell.thread(0);
    }
    return callbacks.outcome(error, read(architecture.counter()));
  }

  private void check(String call, String purpose, int error) throws VcpuException {
    if (error != ERR_OK) {
      throw failed(call, purpose, error);
    }
  }

  /** Returns the exception of a call that failed. */
  VcpuException failed(String call, String purpose, int error) {
    return new EngineCallException(ENGINE, call, purpose, error, library.describe(error));
  }

  /** Returns an error's words. */
  String describe(int error) {
    return library.describe(error);
  }

  /** Ends the engine: no thread runs it. */
  @Override
  public void close() {
    Native.invoke(() -> (int) library.contextFree.invokeExact(context));
    Native.invoke(() -> (int) library.close.invokeExact(uc));
    arena.close();
  }
}
