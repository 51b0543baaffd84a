package holdfast.backend.mmap.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import holdfast.backend.mmap.CacheFlush;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * libpmem's flush, through the JDK's linker rather than JNA: this is the one native call on a hot
 * path, and the linker costs half of JNA's direct mapping and keeps the segment alive during the
 * call.
 */
public final class Libpmem implements CacheFlush {
  private static final String SONAME = "libpmem.so.1";

  private final MethodHandle flush;
  private final MethodHandle drain;
  private final boolean autoFlush;

  private Libpmem(SymbolLookup library) throws Throwable {
    Linker linker = Linker.nativeLinker();
    flush =
        linker.downcallHandle(
            library.findOrThrow("pmem_flush"), FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
    drain = linker.downcallHandle(library.findOrThrow("pmem_drain"), FunctionDescriptor.ofVoid());
    MethodHandle hasAutoFlush =
        linker.downcallHandle(
            library.findOrThrow("pmem_has_auto_flush"), FunctionDescriptor.of(JAVA_INT));
    // PMEM_NO_FLUSH=0, libpmem(7), is an operator who wants the flushes on such a platform too
    boolean wanted = "0".equals(System.getenv("PMEM_NO_FLUSH"));
    autoFlush = (int) hasAutoFlush.invokeExact() == 1 && !wanted;
  }

  private static final class Holder {
    static final Optional<CacheFlush> INSTANCE = bind();
  }

  /** The library, bound once; empty if it is not there. */
  public static Optional<CacheFlush> load() {
    return Holder.INSTANCE;
  }

  @SuppressWarnings("IllegalCatch") // MethodHandle.invoke declares Throwable
  private static Optional<CacheFlush> bind() {
    try {
      return Optional.of(new Libpmem(SymbolLookup.libraryLookup(SONAME, Arena.global())));
    } catch (Throwable absent) {
      return Optional.empty();
    }
  }

  @Override
  public void flush(MemorySegment range) {
    try {
      // SAFETY: the linker keeps the range's arena open during the call, and the block has checked
      // that its file still reaches to the end of the range.
      flush.invokeExact(range, range.byteSize());
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  @Override
  public void drain() {
    try {
      drain.invokeExact();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  @Override
  public boolean platformFlushesCaches() {
    return autoFlush;
  }

  @Override
  public String describe() {
    return "pmem_flush + pmem_drain (" + SONAME + ")";
  }
}
