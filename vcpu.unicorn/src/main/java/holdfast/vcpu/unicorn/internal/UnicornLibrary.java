package holdfast.vcpu.unicorn.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.VcpuException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import java.util.Objects;

/**
 * Unicorn's C API ({@code unicorn/unicorn.h}), as far as it is used here. The library is GPL-2: it
 * is found at run time by its name, where the operator has installed it, and is never shipped.
 *
 * <p>It is called through the JDK's own linker rather than JNA: its callbacks cost a tenth there,
 * and {@code uc_hook_add} and {@code uc_ctl} are variadic.
 */
final class UnicornLibrary {
  /** The engine in messages. */
  static final String ENGINE = "Unicorn";

  static final int ERR_OK = 0;
  static final int ERR_READ_UNMAPPED = 6;
  static final int ERR_WRITE_UNMAPPED = 7;
  static final int ERR_FETCH_UNMAPPED = 8;
  static final int ERR_INSN_INVALID = 10;
  static final int ERR_WRITE_PROT = 12;

  static final int PROT_READ_EXEC = 1 | 4;
  static final int PROT_ALL = 1 | 2 | 4;

  static final int HOOK_INTR = 1;
  static final int HOOK_INSN = 1 << 1;
  static final int HOOK_CODE = 1 << 2;

  /** UC_HOOK_MEM_UNMAPPED and UC_HOOK_MEM_PROT: what the engine's memory does not serve. */
  static final int HOOK_MEM_INVALID = 0x3f << 4;

  static final int HOOK_MEM_READ = 1 << 10;
  static final int HOOK_INSN_INVALID = 1 << 14;

  static final int X86_INS_IN = 218;
  static final int X86_INS_OUT = 500;
  static final int X86_INS_SYSCALL = 699;
  static final int X86_INS_SYSENTER = 700;

  /** uc_ctl: drop the code that was translated of a range; written with two arguments. */
  private static final int CTL_TB_REMOVE_CACHE = 1 << 30 | 2 << 26 | 9;

  private static final String SONAME = "libunicorn.so.2";
  private static final String REMEDY =
      "install Unicorn 2 (Debian: apt install libunicorn2), which Holdfast does not ship, since it"
          + " is GPL-2";

  private final SymbolLookup library;

  final MethodHandle open;
  final MethodHandle close;
  final MethodHandle map;
  final MethodHandle unmap;
  final MethodHandle mapDevice;
  final MethodHandle start;
  final MethodHandle readRegister;
  final MethodHandle writeRegister;
  final MethodHandle addHook;
  final MethodHandle addInstructionHook;
  final MethodHandle removeHook;
  final MethodHandle contextAlloc;
  final MethodHandle contextSave;
  final MethodHandle contextRestore;
  final MethodHandle contextFree;
  private final MethodHandle ctl;
  private final MethodHandle describe;

  /** The address of {@code uc_emu_stop}, which only {@link HostCode} calls. */
  final MemorySegment stop;

  private UnicornLibrary(SymbolLookup library) {
    this.library = library;
    open = function("uc_open", JAVA_INT, JAVA_INT, ADDRESS);
    close = function("uc_close", JAVA_LONG);
    map = function("uc_mem_map_ptr", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    unmap = function("uc_mem_unmap", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    mapDevice =
        function(
            "uc_mmio_map", JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    start = function("uc_emu_start", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    readRegister = function("uc_reg_read", JAVA_LONG, JAVA_INT, ADDRESS);
    writeRegister = function("uc_reg_write", JAVA_LONG, JAVA_INT, ADDRESS);
    addHook =
        variadic(
            7,
            "uc_hook_add",
            JAVA_LONG,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);
    addInstructionHook =
        variadic(
            7,
            "uc_hook_add",
            JAVA_LONG,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_INT);
    removeHook = function("uc_hook_del", JAVA_LONG, JAVA_LONG);
    contextAlloc = function("uc_context_alloc", JAVA_LONG, ADDRESS);
    contextSave = function("uc_context_save", JAVA_LONG, JAVA_LONG);
    contextRestore = function("uc_context_restore", JAVA_LONG, JAVA_LONG);
    contextFree = function("uc_context_free", JAVA_LONG);
    ctl = variadic(2, "uc_ctl", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    describe =
        Linker.nativeLinker()
            .downcallHandle(
                library.findOrThrow("uc_strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));
    stop = library.findOrThrow("uc_emu_stop");
  }

  private MethodHandle function(String name, java.lang.foreign.MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
  }

  private MethodHandle variadic(
      int fixed, String name, java.lang.foreign.MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            library.findOrThrow(name),
            FunctionDescriptor.of(JAVA_INT, arguments),
            Linker.Option.firstVariadicArg(fixed));
  }

  /**
   * Returns the library.
   *
   * @param name its file, or the name by which the host finds it
   * @throws EngineMissingException if it is not installed
   * @throws EngineLackingException if it is another one than the Unicorn 2 that is known here
   */
  static UnicornLibrary load(String name) throws VcpuException {
    SymbolLookup found;
    try {
      found = SymbolLookup.libraryLookup(name, Arena.global());
    } catch (IllegalArgumentException | LinkageError absent) {
      throw new EngineMissingException(ENGINE, name, REMEDY);
    }
    try {
      UnicornLibrary library = new UnicornLibrary(found);
      int version = library.version();
      if (version >>> 24 != 2) {
        throw new EngineLackingException(
            ENGINE,
            "version 2 (it calls its version 0x" + Integer.toHexString(version) + ")",
            REMEDY);
      }
      return library;
    } catch (NoSuchElementException lacking) {
      throw new EngineLackingException(
          ENGINE, "function that Unicorn 2 has (" + lacking.getMessage() + ")", REMEDY);
    }
  }

  /** Returns the name by which it is looked for, unless a property names another file. */
  static String name() {
    return Objects.requireNonNull(System.getProperty("holdfast.unicorn.library", SONAME));
  }

  /** Returns the version: from the highest byte on major, minor, patch, extra. */
  int version() {
    return Native.invoke(
        () ->
            (int)
                Linker.nativeLinker()
                    .downcallHandle(
                        library.findOrThrow("uc_version"),
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS))
                    .invokeExact(MemorySegment.NULL, MemorySegment.NULL));
  }

  /**
   * Drops the code that was translated of a range of memory, in 10 µs for each MiB. (To drop all
   * costs 0.2 to 1.4 s in 2.0.1, however little there is.)
   */
  void dropCode(long uc, long from, long to) {
    Native.invoke(() -> (int) ctl.invokeExact(uc, CTL_TB_REMOVE_CACHE, from, to));
  }

  /** Returns an error's words. */
  String describe(int error) {
    MemorySegment words = Native.invoke(() -> (MemorySegment) describe.invokeExact(error));
    // SAFETY: uc_strerror returns a constant of the library's, which stays loaded.
    return words.equals(MemorySegment.NULL)
        ? "error " + error
        : words.reinterpret(256).getString(0);
  }
}
