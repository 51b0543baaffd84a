package holdfast.backend.api;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One look at the host for the {@linkplain RamBlock#evidence(HostLook) evidence} of many blocks.
 * What the host shows only of all of the process's memory together is read once, when the first
 * block needs it, and not once for each.
 *
 * <p>Not thread-safe.
 */
public final class HostLook {
  private final Map<Class<?>, Object> seen = new HashMap<>();

  /** Begins a look at which nothing has been read. */
  public HostLook() {}

  /**
   * Returns what was read at this look.
   *
   * @param kind the type of what is read, of which there is one at each look
   * @param reading reads it, if it was not read yet
   */
  public <T> T see(Class<T> kind, Supplier<T> reading) {
    return kind.cast(seen.computeIfAbsent(kind, unread -> reading.get()));
  }
}
