package holdfast.machine.copy;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A writer that stores nothing and writes down what it is asked; on command it misbehaves. */
public final class PausedWriter implements GuestWriter {
  public final List<String> calls = new CopyOnWriteArrayList<>();
  public volatile boolean paused;

  /** At zero when it is in the call that it hangs in. */
  public final CountDownLatch inside = new CountDownLatch(1);

  /** At zero it comes back from there. */
  public final CountDownLatch release = new CountDownLatch(1);

  /** At zero when it was resumed. */
  public final CountDownLatch resumed = new CountDownLatch(1);

  private final AtomicInteger callers = new AtomicInteger();
  private final String name;
  private boolean late;
  private boolean failsToResume;
  private String hangsIn = "";
  private boolean interruptible;
  private @Nullable Throwable failure;
  private @Nullable DirtyLog log;

  /** A writer of that name. */
  public PausedWriter(String name) {
    this.name = name;
  }

  /** From now on it does not pause in time. */
  public PausedWriter late() {
    late = true;
    return this;
  }

  /** From now on it throws when it is to pause. */
  public PausedWriter throwing(Throwable other) {
    failure = other;
    return this;
  }

  /** From now on it throws when it is to resume. */
  public PausedWriter failingToResume() {
    failsToResume = true;
    return this;
  }

  /** From now on it doesn't come back from a call, interrupted or not, until it is released. */
  public PausedWriter hangingIn(String call) {
    hangsIn = call;
    return this;
  }

  /** From now on it waits in its pause until it is interrupted. */
  public PausedWriter waiting() {
    hangsIn = "pause";
    interruptible = true;
    return this;
  }

  /** It keeps that log. */
  public PausedWriter logging(DirtyLog other) {
    log = other;
    return this;
  }

  private void enter(String call) throws InterruptedException {
    if (callers.incrementAndGet() > 1) {
      calls.add("two at once");
    }
    if (!call.equals(hangsIn)) {
      return;
    }
    inside.countDown();
    if (interruptible) {
      release.await();
      return;
    }
    while (release.getCount() > 0) {
      try {
        release.await();
      } catch (InterruptedException e) {
        calls.add("interrupted");
      }
    }
  }

  private void leave() {
    callers.decrementAndGet();
  }

  @Override
  public String name() {
    try {
      enter("name");
      return name;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      leave();
    }
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    calls.add("pause");
    try {
      enter("pause");
      switch (failure) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new IllegalStateException(failure);
      }
      paused = !late;
      return paused;
    } finally {
      leave();
    }
  }

  @Override
  public void resume() {
    calls.add("resume");
    try {
      enter("resume");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      leave();
    }
    paused = false;
    resumed.countDown();
    if (failsToResume) {
      throw new IllegalStateException("no");
    }
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return Optional.ofNullable(log);
  }

  /** A writer that pauses region by region, and writes down what it is asked. */
  static final class ByRegion implements RegionWriter {
    final List<String> calls = new CopyOnWriteArrayList<>();
    final Set<MemoryRegion> pausedFor = ConcurrentHashMap.newKeySet();
    private final String name;

    ByRegion(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public boolean pause(MemoryRegion region, Duration limit) {
      calls.add("pause " + region.id());
      return pausedFor.add(region);
    }

    @Override
    public void resume(MemoryRegion region) {
      calls.add("resume " + region.id());
      pausedFor.remove(region);
    }

    @Override
    public boolean pause(Duration limit) {
      calls.add("pause");
      return true;
    }

    @Override
    public void resume() {
      calls.add("resume");
    }
  }
}
