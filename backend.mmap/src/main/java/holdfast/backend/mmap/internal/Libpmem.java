package holdfast.backend.mmap.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import holdfast.backend.mmap.style.CacheFlush;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Optional;

/**
 * libpmem's flush, called through the JDK's linker rather than JNA: this is the only native call on
 * a hot path. Short flushes and the drain are called without telling the JVM, which has to wait for
 * them when it stops all threads: {@link Linker.Option#critical}.
 *
 * <p>The function is {@code pmem_deep_flush}. {@code pmem_flush} calls it, too, unless the library,
 * when it is loaded, finds PMEM_NO_FLUSH=1 in the environment or a platform with eADR: then {@code
 * pmem_flush} does nothing. The other variables of libpmem(7) only change which instruction writes
 * a line back (PMEM_NO_CLWB, PMEM_NO_CLFLUSHOPT), and functions that are not called here: {@code
 * pmem_is_pmem} (PMEM_IS_PMEM_FORCE), {@code pmem_map_file} (PMEM_MMAP_HINT), copies
 * (PMEM_NO_MOVNT, PMEM_MOVNT_THRESHOLD, PMEM_NO_GENERIC_MEMCPY, PMEM_AVX, PMEM_AVX512F,
 * PMEM_MOVDIR64B, PMEM_WC_WORKAROUND), and libpmem2 (PMEM2_FORCE_GRANULARITY).
 */
public final class Libpmem implements CacheFlush {
  private static final String SONAME = "libpmem.so.1";

  /** The longest flush that the JVM may have to wait for: of a page, well under 1 µs. */
  private static final long SHORT = 4096;

  private final boolean autoFlush;

  private Libpmem(boolean autoFlush) {
    this.autoFlush = autoFlush;
  }

  /**
   * The functions. The handles are constants, since only then is a call one machine instruction and
   * makes no garbage.
   */
  private static final class Functions {
    static final SymbolLookup LIBRARY = SymbolLookup.libraryLookup(SONAME, Arena.global());
    static final MethodHandle FLUSH = flush();
    static final MethodHandle SHORT_FLUSH = flush(Linker.Option.critical(false));
    static final MethodHandle DRAIN =
        Linker.nativeLinker()
            .downcallHandle(
                LIBRARY.findOrThrow("pmem_drain"),
                FunctionDescriptor.ofVoid(),
                Linker.Option.critical(false));

    private static MethodHandle flush(Linker.Option... options) {
      // an address, not a segment: the caller keeps it mapped, and the linker would do so again
      return Linker.nativeLinker()
          .downcallHandle(
              LIBRARY.findOrThrow("pmem_deep_flush"),
              FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG),
              options);
    }

    static boolean hasAutoFlush() throws Throwable {
      MethodHandle has =
          Linker.nativeLinker()
              .downcallHandle(
                  LIBRARY.findOrThrow("pmem_has_auto_flush"), FunctionDescriptor.of(JAVA_INT));
      return (int) has.invokeExact() == 1;
    }
  }

  /** The library, or why it is not used. */
  private record Bound(Optional<CacheFlush> flush, Optional<String> obstacle) {
    static Bound not(String why) {
      return new Bound(Optional.empty(), Optional.of(why));
    }
  }

  private static final class Holder {
    static final Bound BOUND = bind();
  }

  /** Returns the library's flush, bound once; empty if it is not available. */
  public static Optional<CacheFlush> load() {
    return Holder.BOUND.flush;
  }

  /** Returns why it is not available; empty if it is. */
  public static Optional<String> obstacle() {
    return Holder.BOUND.obstacle;
  }

  @SuppressWarnings("IllegalCatch") // MethodHandle.invoke declares Throwable
  private static Bound bind() {
    try {
      SymbolLookup.libraryLookup(SONAME, Arena.global());
    } catch (IllegalArgumentException | LinkageError | IllegalCallerException absent) {
      return Bound.not(SONAME + " can't be loaded");
    }
    try {
      // an operator sets PMEM_NO_FLUSH=0, libpmem(7), to have the flushes on such a platform too
      boolean wanted = "0".equals(System.getenv("PMEM_NO_FLUSH"));
      Libpmem flush = new Libpmem(Functions.hasAutoFlush() && !wanted);
      return FlushProbe.doesNothing(flush, JdkCacheFlush.load())
          ? Bound.not(SONAME + " flushes nothing")
          : new Bound(Optional.of(flush), Optional.empty());
    } catch (Throwable other) {
      return Bound.not(SONAME + " is not the libpmem that is known here: " + cause(other));
    }
  }

  private static String cause(Throwable failed) {
    return "" + Objects.requireNonNullElse(failed.getCause(), failed).getMessage();
  }

  @Override
  public void flush(MemorySegment range) {
    long length = range.byteSize();
    try {
      // SAFETY: the calling block keeps its window open during the call, and has touched each page
      // of the range just before it.
      if (length <= SHORT) {
        Functions.SHORT_FLUSH.invokeExact(range.address(), length);
      } else {
        Functions.FLUSH.invokeExact(range.address(), length);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  @Override
  public void drain() {
    try {
      Functions.DRAIN.invokeExact();
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
    return "pmem_deep_flush + pmem_drain (" + SONAME + ")";
  }
}
