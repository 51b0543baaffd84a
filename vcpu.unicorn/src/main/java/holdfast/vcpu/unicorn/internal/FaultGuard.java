package holdfast.vcpu.unicorn.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.unicorn.internal.HostCode.Address;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a lost page from ending the JVM while Unicorn's code stores into it. The JVM ends at a
 * SIGBUS in native code, and Unicorn reaches guest memory by its host addresses; whoever can
 * truncate a backing file could end the JVM so. Therefore the process has a handler of this
 * bundle's in front of the JVM's ({@link HostCode#HANDLER}), from the first vCPU on and for good.
 *
 * <p>What it put in the place of a lost page is exchanged, by {@link #loseAgain}, for a mapping
 * that has no page either: then Java code that accesses it gets its error, and the region fails.
 *
 * <p>The numbers here are those of Linux on x86-64 ({@code asm/signal.h}, {@code asm/mman.h}).
 */
final class FaultGuard {
  private static final int SIGBUS = 7;
  private static final int SIGSEGV = 11;
  private static final int SA_SIGINFO = 4;

  /** glibc's {@code struct sigaction}: the handler at 0, the flags behind a mask of 128 bytes. */
  private static final long SIGACTION = 152;

  private static final long SIGACTION_FLAGS = 136;

  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int PROT_EXEC = 4;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_FIXED = 0x10;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MFD_CLOEXEC = 1;

  /** Room for 2047 ranges: each vCPU has one for each device. */
  private static final long TABLE = 64 * 1024;

  private static final long FIRST = 64;
  private static final long ENTRY = 32;

  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private static @Nullable FaultGuard installed;

  private final MethodHandle mmap =
      libc("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private final MethodHandle mprotect = libc("mprotect", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private final MethodHandle sigaction = libc("sigaction", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private final MethodHandle gettid = libc("gettid", JAVA_INT);
  private final MethodHandle memfd = libc("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);

  private final MemorySegment table;
  private final MemorySegment hook;

  /** An empty file, of which no page can be had. */
  private final int nothing;

  private FaultGuard(UnicornLibrary library) throws VcpuException {
    table = map(TABLE);
    MemorySegment code = map(4096);
    try (Arena arena = Arena.ofConfined()) {
      nothing = descriptor(arena.allocateFrom("holdfast-lost"));
    }
    byte[] hookCode =
        HostCode.assemble(HostCode.HOOK, new Address("UC_EMU_STOP", library.stop.address()));
    byte[] handler =
        HostCode.assemble(
            HostCode.HANDLER,
            new Address("TABLE", table.address()),
            new Address("OLD_SEGV", handlerOf(SIGSEGV)),
            new Address("OLD_BUS", handlerOf(SIGBUS)));
    long handlerAt = 1024;
    MemorySegment.copy(hookCode, 0, code, ValueLayout.JAVA_BYTE, 0, hookCode.length);
    MemorySegment.copy(handler, 0, code, ValueLayout.JAVA_BYTE, handlerAt, handler.length);
    long start = code.address();
    check("mprotect", Native.invoke(() -> (int) mprotect.invokeExact(start, 4096L, executable())));
    hook = code;
    install(SIGSEGV, start + handlerAt);
    install(SIGBUS, start + handlerAt);
  }

  private static int executable() {
    return PROT_READ | PROT_EXEC;
  }

  /**
   * Returns the guard of this process, which is installed by the first call.
   *
   * @throws EngineLackingException if this host is not one whose machine code is known, or does not
   *     let code be made
   */
  static synchronized FaultGuard of(UnicornLibrary library) throws VcpuException {
    if (installed == null) {
      String host = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
      if (!host.equals("amd64") || !System.getProperty("os.name", "").equals("Linux")) {
        throw new EngineLackingException(
            UnicornLibrary.ENGINE,
            "way to survive lost pages on " + host,
            "run guests with it on Linux on x86-64");
      }
      installed = new FaultGuard(library);
    }
    return installed;
  }

  /** Returns {@link HostCode#HOOK}, as it is in memory. */
  MemorySegment hook() {
    return hook;
  }

  /** Returns the number of the calling thread. */
  long thread() {
    int id = Native.invoke(() -> (int) gettid.invokeExact());
    return id;
  }

  /**
   * Guards host addresses against loss while a vCPU's thread is in the guest's code.
   *
   * @return what {@link #remove} takes; empty if there are too many
   */
  synchronized Optional<Long> add(Cell cell, long from, long length) {
    long used = table.get(JAVA_LONG, 0);
    for (long i = 0; FIRST + (i + 1) * ENTRY <= TABLE; i++) {
      long entry = FIRST + i * ENTRY;
      if (table.get(JAVA_LONG, entry) == 0) {
        table.set(JAVA_LONG, entry + 8, from);
        table.set(JAVA_LONG, entry + 16, from + length);
        LONG.setVolatile(table, entry, cell.memory().address());
        LONG.setVolatile(table, 0L, Math.max(used, i + 1));
        return Optional.of(entry);
      }
    }
    return Optional.empty();
  }

  /** Ends {@link #add}: no thread is in the guest's code now. */
  synchronized void remove(long entry) {
    LONG.setVolatile(table, entry, 0L);
  }

  /**
   * Takes away what the handler put in the place of a lost page, so that it is lost for Java.
   *
   * <p>Called under the lock of the vCPU that met it, and before that vCPU is out of its gate or
   * within a pause: the page's range is still in the table, since {@link #remove} needs both.
   */
  void loseAgain(Cell.LostPage page) {
    long start = page.address() & -page.size();
    // SAFETY: the handler has just put an anonymous page there. The calling vCPU has its lock since
    // before that, so the range is still mapped in its engine, and no region has given it up or put
    // another mapping there; the region's bytes there are lost, and it fails by the next access.
    Native.invoke(
        () ->
            (long)
                mmap.invokeExact(
                    start,
                    page.size(),
                    PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED,
                    nothing,
                    0L));
  }

  private MemorySegment map(long length) throws VcpuException {
    long address =
        Native.invoke(
            () ->
                (long)
                    mmap.invokeExact(
                        0L, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L));
    check("mmap", address == -1 ? -1 : 0);
    // SAFETY: these bytes were mapped just now, and are never unmapped.
    return MemorySegment.ofAddress(address).reinterpret(length);
  }

  private int descriptor(MemorySegment name) throws VcpuException {
    int file = Native.invoke(() -> (int) memfd.invokeExact(name, MFD_CLOEXEC));
    check("memfd_create", Math.min(file, 0));
    return file;
  }

  /** Returns the handler that is there now; abort(3) if the signal has none. */
  private long handlerOf(int signal) throws VcpuException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment old = arena.allocate(SIGACTION, 8);
      check(
          "sigaction",
          Native.invoke(() -> (int) sigaction.invokeExact(signal, MemorySegment.NULL, old)));
      long handler = old.get(JAVA_LONG, 0);
      boolean none = handler == 0 || handler == 1; // SIG_DFL, SIG_IGN
      return none ? Linker.nativeLinker().defaultLookup().findOrThrow("abort").address() : handler;
    }
  }

  /** Installs a handler with the mask and the flags of the one that is there. */
  private void install(int signal, long handler) throws VcpuException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(SIGACTION, 8);
      check(
          "sigaction",
          Native.invoke(() -> (int) sigaction.invokeExact(signal, MemorySegment.NULL, action)));
      action.set(JAVA_LONG, 0, handler);
      action.set(JAVA_INT, SIGACTION_FLAGS, action.get(JAVA_INT, SIGACTION_FLAGS) | SA_SIGINFO);
      check(
          "sigaction",
          Native.invoke(() -> (int) sigaction.invokeExact(signal, action, MemorySegment.NULL)));
    }
  }

  private static void check(String call, int answer) throws VcpuException {
    if (answer != 0) {
      throw new EngineLackingException(
          UnicornLibrary.ENGINE,
          "leave of the kernel for machine code of its own (" + call + " failed)",
          "Unicorn makes code at run time as well: let this process make memory executable"
              + " (SELinux: execmem)");
    }
  }

  private static MethodHandle libc(String name, ValueLayout returns, MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(returns, arguments));
  }
}
