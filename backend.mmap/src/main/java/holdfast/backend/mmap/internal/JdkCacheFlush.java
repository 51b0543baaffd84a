package holdfast.backend.mmap.internal;

import holdfast.backend.mmap.style.CacheFlush;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;

/**
 * The JDK's write-back of cache lines, which {@code MappedByteBuffer.force} uses on mappings with
 * MAP_SYNC (JEP 352): clwb, clflushopt or clflush on amd64, {@code dc cvap} on aarch64, {@code
 * dcbstps} on ppc64le. It is internal to {@code java.base}, so it is available only if the JVM was
 * started with its package exported.
 */
public final class JdkCacheFlush implements CacheFlush {
  private final MethodHandle writeback;

  private JdkCacheFlush(MethodHandle writeback) {
    this.writeback = writeback;
  }

  /** The write-back, or why it is not available. */
  private record Bound(Optional<CacheFlush> flush, Optional<String> obstacle) {
    static Bound not(String why) {
      return new Bound(Optional.empty(), Optional.of(why));
    }
  }

  private static final class Holder {
    static final Bound BOUND = bind();
  }

  /** Returns the JDK's write-back, bound once; empty if the CPU or the JVM doesn't offer it. */
  public static Optional<CacheFlush> load() {
    return Holder.BOUND.flush;
  }

  /** Returns why it is not available; empty if it is. */
  public static Optional<String> obstacle() {
    return Holder.BOUND.obstacle;
  }

  private static Bound bind() {
    try {
      // through java.base's loader: a bundle's own sees only what the bundle imports
      ClassLoader javaBase = Object.class.getClassLoader();
      Class<?> unsafe = Class.forName("jdk.internal.misc.Unsafe", true, javaBase);
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      MethodHandle enabled =
          lookup.findStatic(unsafe, "isWritebackEnabled", MethodType.methodType(boolean.class));
      if (!(boolean) enabled.invoke()) {
        return Bound.not("this CPU has no write-back of cache lines that the JDK uses");
      }
      Object instance =
          lookup.findStatic(unsafe, "getUnsafe", MethodType.methodType(unsafe)).invoke();
      MethodHandle writeback =
          lookup.findVirtual(
              unsafe, "writebackMemory", MethodType.methodType(void.class, long.class, long.class));
      return new Bound(
          Optional.of(new JdkCacheFlush(writeback.bindTo(instance))), Optional.empty());
    } catch (IllegalAccessException notExported) {
      return Bound.not("jdk.internal.misc is not exported to this JVM");
    } catch (Throwable other) { // another JDK, or one that is broken
      return Bound.not("this JDK's write-back of cache lines can't be used: " + other);
    }
  }

  /** Flushes and fences: the JDK's method does both. */
  @Override
  public void flush(MemorySegment range) {
    try {
      // SAFETY: the calling block keeps its window open, and has checked that its file still
      // reaches to the end of the range.
      writeback.invokeExact(range.address(), range.byteSize());
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** Does nothing: {@link #flush} has fenced. */
  @Override
  public void drain() {}

  @Override
  public boolean platformFlushesCaches() {
    return false;
  }

  @Override
  public String describe() {
    return "cache-line write-back of the JDK (JEP 352)";
  }
}
