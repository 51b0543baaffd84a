package holdfast.machine.copy;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pauses and resumes a writer that never stores, once in a process, by the code that pauses a
 * guest: where that runs for the first time, the JVM loads and links it, which takes about 20 ms.
 */
public final class PauseRehearsal {
  private static final Logger LOG = LoggerFactory.getLogger(PauseRehearsal.class);
  private static final AtomicBoolean MADE = new AtomicBoolean();
  private static final Duration LIMIT = Duration.ofSeconds(1);
  private static final int TIMES = 3;

  private PauseRehearsal() {}

  /**
   * Rehearses, unless that was done; whatever fails is left for the real pause to tell.
   *
   * @param region the region that will be paused, which is not touched
   * @throws InterruptedException if the caller was interrupted
   */
  public static void once(MemoryRegion region) throws InterruptedException {
    if (!MADE.compareAndSet(false, true)) {
      return;
    }
    GuestWriters writers = new GuestWriters();
    writers.add(new Idle());
    try {
      for (int time = 0; time < TIMES; time++) {
        try (GuestWriters.Pause pause = writers.pause(region, LIMIT, paused -> {})) {
          pause.withWritersStopped(() -> {});
        }
      }
    } catch (GivenUpException | RamBlockException | IOException e) {
      LOG.debug("no pause was rehearsed: {}", e.toString());
    } finally {
      writers.removeAll();
    }
  }

  /** A writer that never stores. */
  private static final class Idle implements GuestWriter {
    @Override
    public String name() {
      return "rehearsal";
    }

    @Override
    public boolean pause(Duration limit) {
      return true;
    }

    @Override
    public void resume() {}
  }
}
