package holdfast.backend.mmap.internal;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes every page of a mapping present, on several threads, and logs progress if that takes longer
 * than a second. The content stays.
 */
final class Preallocator {
  /** Shown to the operator, unlike other information. */
  private static final Logger PROGRESS = LoggerFactory.getLogger("holdfast.progress");

  /** QEMU's limit on the number of threads, and the least number of bytes per thread. */
  private static final int MOST_THREADS = 16;

  private static final long LEAST_PER_THREAD = 64L << 20;

  /** The bytes that one system call makes present: few enough to be stopped after. */
  private static final long PORTION = 32L << 20;

  private static final Duration TELL_EVERY = Duration.ofSeconds(1);

  private final Libc libc;
  private final RamBlockSpec spec;
  private final Window window;
  private final BackingStore store;
  private final long pageSize;
  private final int advice;
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong present = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /**
   * @param store the backing that is mapped in the window
   */
  Preallocator(Libc libc, RamBlockSpec spec, Window window, BackingStore store) {
    this.libc = libc;
    this.spec = spec;
    this.window = window;
    this.store = store;
    this.pageSize = store.pageSize();
    this.advice =
        spec.has(RamFlag.RAM_READONLY)
            ? KernelConstants.MADV_POPULATE_READ
            : KernelConstants.MADV_POPULATE_WRITE;
  }

  /**
   * Makes all pages present.
   *
   * @param wished the most threads to use
   * @throws PreallocationException if a page can't be provided
   */
  void run(OptionalInt wished) throws PreallocationException {
    Portions way = kernelPopulates() ? this::populate : this::touch;
    int processors = Runtime.getRuntime().availableProcessors();
    int count = threads(window.size(), pageSize, wished, processors);
    List<Thread> threads = new ArrayList<>();
    try {
      for (int number = 0; number < count; number++) {
        threads.add(
            Thread.ofPlatform()
                .daemon()
                .name("holdfast-prealloc-" + number)
                .start(() -> work(way)));
      }
    } catch (OutOfMemoryError noThread) {
      fail(noThread); // the threads that have started must still end
    }
    await(threads);
    switch (failure.get()) {
      case null -> {}
      case ErrnoException e -> throw refused(e);
      case InternalError sigbus ->
          // how an older kernel reports what MADV_POPULATE_WRITE reports with EFAULT
          throw new PreallocationException(
              spec, "SIGBUS (a page has nothing behind it)", remedy(new Errno(Errno.EFAULT, "")));
      case InterruptedException e -> {
        Thread.currentThread().interrupt();
        throw new PreallocationException(
            spec, "interrupted", "its pages are made present when they are first used");
      }
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  private PreallocationException refused(ErrnoException e) {
    return new PreallocationException(spec, e.errno().toString(), remedy(e.errno()));
  }

  private String remedy(Errno errno) {
    return Remedy.of(Step.POPULATE, errno, Scene.ofFile(libc, new BlockRequest(spec), store.fd()));
  }

  /** Returns the number of threads by QEMU's rule, with processors in place of its vCPUs. */
  static int threads(long bytes, long pageSize, OptionalInt wished, int processors) {
    return (int)
        LongStream.of(
                processors,
                MOST_THREADS,
                wished.orElse(processors),
                bytes / pageSize,
                Math.max(1, bytes / LEAST_PER_THREAD))
            .min()
            .getAsLong();
  }

  /** A way to make a range of the window present. */
  private interface Portions {
    void make(long from, long length) throws ErrnoException;
  }

  /**
   * Returns whether this kernel knows MADV_POPULATE_READ and _WRITE (5.14), tried with one page.
   */
  private boolean kernelPopulates() throws PreallocationException {
    try {
      populate(0, pageSize);
      return true;
    } catch (ErrnoException e) {
      if (e.is(Errno.EINVAL) || e.is(Errno.ENOSYS)) {
        return false;
      }
      throw refused(e);
    }
  }

  private void work(Portions way) {
    try {
      long portion = Math.max(pageSize, PORTION);
      for (long from = next.getAndAdd(portion);
          from < window.size() && failure.get() == null;
          from = next.getAndAdd(portion)) {
        long length = Math.min(portion, window.size() - from);
        way.make(from, length);
        present.addAndGet(length);
      }
    } catch (Throwable e) {
      fail(e); // whatever it is: missing pages must not be reported as present
    }
  }

  /** Records a failure; the first one counts, and ends all threads. */
  private void fail(Throwable e) {
    failure.compareAndSet(null, e);
  }

  private void populate(long from, long length) throws ErrnoException {
    while (true) {
      try {
        libc.madvise(window.address() + from, length, advice);
        return;
      } catch (ErrnoException e) {
        boolean again = e.is(Errno.EINTR) || e.is(Errno.EAGAIN);
        if (!again || failure.get() != null) {
          throw e;
        }
      }
    }
  }

  /** Stores each page's first byte back into it, or reads it, on older kernels. */
  private void touch(long from, long length) {
    MemorySegment segment = window.segment();
    boolean readOnly = segment.isReadOnly();
    long page = libc.getpagesize();
    for (long at = from; at < from + length; at += page) {
      byte first = segment.get(ValueLayout.JAVA_BYTE, at);
      if (!readOnly) {
        segment.set(ValueLayout.JAVA_BYTE, at, first);
      }
    }
  }

  private void await(List<Thread> threads) {
    boolean told = false;
    try {
      for (Thread thread : threads) {
        while (!thread.join(TELL_EVERY)) {
          tell();
          told = true;
        }
      }
    } catch (InterruptedException e) {
      fail(e);
      threads.forEach(Preallocator::joinUninterruptibly);
    }
    if (told && failure.get() == null) {
      tell();
    }
  }

  private void tell() {
    long done = present.get();
    PROGRESS.info(
        "memory backend '{}': {} of {} preallocated ({} %)",
        spec.id(), new ByteSize(done), spec.size(), done * 100 / window.size());
  }

  /** Waits for a thread, which must not continue with memory that its starter may release. */
  private static void joinUninterruptibly(Thread thread) {
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        // the interrupt is recorded already
      }
    }
  }
}
