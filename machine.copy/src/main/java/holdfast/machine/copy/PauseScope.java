package holdfast.machine.copy;

import holdfast.machine.api.MemoryRegion;
import java.util.Optional;

/** What writers are paused for. */
sealed interface PauseScope {
  /**
   * Asks a writer to pause.
   *
   * @return empty if it is no longer registered
   */
  Optional<BoundedCall<Boolean>> pause(RegisteredWriter writer, long end);

  /** Asks a writer that has paused to resume. */
  BoundedCall<Boolean> resume(RegisteredWriter writer);

  /** Nothing is stored into one region. */
  record OfRegion(MemoryRegion region) implements PauseScope {
    @Override
    public Optional<BoundedCall<Boolean>> pause(RegisteredWriter writer, long end) {
      return writer.pause(region, end);
    }

    @Override
    public BoundedCall<Boolean> resume(RegisteredWriter writer) {
      return writer.resume(region);
    }
  }

  /** Nothing is stored anywhere. */
  record OfAll() implements PauseScope {
    @Override
    public Optional<BoundedCall<Boolean>> pause(RegisteredWriter writer, long end) {
      return writer.stop(end);
    }

    @Override
    public BoundedCall<Boolean> resume(RegisteredWriter writer) {
      return writer.cont();
    }
  }
}
