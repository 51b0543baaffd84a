package holdfast.launcher.internal.swap;

import holdfast.machine.api.GuestWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A writer that stores nothing and writes down what it is asked; on command it misbehaves. */
final class PausedWriter implements GuestWriter {
  final List<String> calls = new CopyOnWriteArrayList<>();
  volatile boolean paused;
  private final String name;
  private boolean late;
  private boolean failsToResume;
  private @Nullable Throwable failure;

  PausedWriter(String name) {
    this.name = name;
  }

  /** From now on it does not pause in time. */
  PausedWriter late() {
    late = true;
    return this;
  }

  /** From now on it throws when it is to pause. */
  PausedWriter throwing(Throwable other) {
    failure = other;
    return this;
  }

  /** From now on it throws when it is to resume. */
  PausedWriter failingToResume() {
    failsToResume = true;
    return this;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean pause(Duration limit) {
    calls.add("pause");
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
    paused = !late;
    return paused;
  }

  @Override
  public void resume() {
    calls.add("resume");
    paused = false;
    if (failsToResume) {
      throw new IllegalStateException("no");
    }
  }
}
