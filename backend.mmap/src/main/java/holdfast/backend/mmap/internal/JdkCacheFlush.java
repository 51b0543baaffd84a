package holdfast.backend.mmap.internal;

import holdfast.backend.mmap.style.CacheFlush;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's write-back of cache lines, which {@code MappedByteBuffer.force} uses on mappings with
 * MAP_SYNC (JEP 352): clwb, clflushopt or clflush on amd64, {@code dc cvap} on aarch64, {@code
 * dcbstps} on ppc64le. It is internal to {@code java.base}, so it is available only if the JVM was
 * started with its package exported.
 */
public final class JdkCacheFlush implements CacheFlush {
  private static final String LEVEL = "-XX:TieredStopAtLevel=";
  private static final int C2 = 4;
  private static final MemorySegment OWN_BYTE = MemorySegment.ofArray(new byte[1]);

  private JdkCacheFlush() {}

  /** The write-back, or why it is not available. */
  private record Bound(
      Optional<CacheFlush> flush, @Nullable MethodHandle writeback, Optional<String> obstacle) {
    static Bound not(String why) {
      return new Bound(Optional.empty(), null, Optional.of(why));
    }
  }

  private static final class Holder {
    static final Bound BOUND = bind();

    /** A constant, since only then is a call the machine's instruction and makes no garbage. */
    static final @Nullable MethodHandle WRITEBACK = BOUND.writeback;
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
      if (!hasOptimizingCompiler(javaBase)) {
        return Bound.not("the JDK's write-back of cache lines needs the compiler C2");
      }
      Object instance =
          lookup.findStatic(unsafe, "getUnsafe", MethodType.methodType(unsafe)).invoke();
      MethodHandle writeback =
          lookup.findVirtual(
              unsafe, "writebackMemory", MethodType.methodType(void.class, long.class, long.class));
      return new Bound(
          Optional.of(new JdkCacheFlush()), writeback.bindTo(instance), Optional.empty());
    } catch (IllegalAccessException notExported) {
      return Bound.not("jdk.internal.misc is not exported to this JVM");
    } catch (Throwable other) { // another JDK, or one that is broken
      return Bound.not("this JDK's write-back of cache lines can't be used: " + other);
    }
  }

  /**
   * Returns whether the JVM may use C2: without it the JVM lacks the code behind the method, which
   * then jumps to address 0 (JDK 25.0.3).
   */
  private static boolean hasOptimizingCompiler(ClassLoader javaBase) throws Throwable {
    String mode = System.getProperty("java.vm.info", "");
    if (mode.contains("interpreted mode") || mode.contains("emulated-client")) {
      return false;
    }
    Class<?> vm = Class.forName("jdk.internal.misc.VM", true, javaBase);
    MethodHandle arguments =
        MethodHandles.lookup()
            .findStatic(vm, "getRuntimeArguments", MethodType.methodType(String[].class));
    for (String argument : (String[]) arguments.invoke()) {
      boolean lower =
          argument.startsWith(LEVEL) && !argument.equals(LEVEL + C2) // C1 with some profiling
              || argument.equals("-XX:-UseCompiler")
              || argument.startsWith("-XX:Flags=")
              || argument.startsWith("-XX:VMOptionsFile="); // and who knows what that says
      if (lower) {
        return false;
      }
    }
    return true;
  }

  /**
   * Flushes and fences: the JDK's method does both. A page that is lost after the caller's look at
   * it ends the JVM before C2 has compiled this; from then on it is an InternalError at the
   * thread's next safepoint poll, since the JVM takes a SIGBUS for a fault of memory access in any
   * compiled code that has one: thus the load from a byte of our own.
   */
  @Override
  public void flush(MemorySegment range) {
    try {
      PageTouch.touch(OWN_BYTE, 0, 1, 1);
      // SAFETY: the calling block keeps its window open, and has touched each page of the range
      // just before this.
      Objects.requireNonNull(Holder.WRITEBACK).invokeExact(range.address(), range.byteSize());
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
