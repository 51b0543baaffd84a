package holdfast.machine.admin;

import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A device that the guest has been asked to give up. Thread-safe. */
@ProviderType
public interface Unplugging {

  /** Returns the id of the device. */
  String deviceId();

  /** Returns what became of it; empty as long as the guest has not answered. */
  Optional<Outcome> outcome();

  /**
   * Waits for the guest's answer.
   *
   * @param limit how long to wait at most
   * @return empty if it has not answered by then; it still may
   */
  Optional<Outcome> await(Duration limit) throws InterruptedException;

  /** What became of the request. */
  @ProviderType
  sealed interface Outcome {}

  /**
   * The device is gone: the guest has given it up, there is no guest to ask, or it was taken away
   * by force meanwhile.
   *
   * @param retention whether it is also gone at the next start
   */
  record Unplugged(Retention retention) implements Outcome {}

  /**
   * The device stays.
   *
   * @param reason why, as the end of a sentence
   */
  record Kept(String reason) implements Outcome {}
}
