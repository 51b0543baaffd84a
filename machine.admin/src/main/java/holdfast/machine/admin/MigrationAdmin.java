package holdfast.machine.admin;

import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Moves the machine's guest to another machine, or takes one in. One migration at a time.
 *
 * <p>An address is {@code unix:PATH}, {@code tcp:HOST:PORT}, {@code cpr:PATH} or {@code file:PATH}.
 * By the third, memory that is in open files is handed to another process of this host, and not
 * copied. To a file a snapshot is written: the guest stays here, stopped, and may go on.
 *
 * <p>Thread-safe. Every change of {@link #status} is an event of {@link MachineAdmin}.
 */
@ProviderType
public interface MigrationAdmin {
  /**
   * Said in place of a proof: the source is lost for good, and nobody will ever start from its
   * file.
   */
  String SOURCE_LOST = "source-lost";

  /**
   * Said in place of a proof, at a source that did not hear that its guest goes on: the destination
   * is lost for good, or gave the guest up, and it will never go on there.
   */
  String DESTINATION_LOST = "destination-lost";

  /** Returns the migration that is under way, or else the last one. */
  MigrationStatus status();

  /**
   * Starts to send the machine's guest away. Returns when that has begun; {@link #status} says what
   * comes of it. Until its end no memory backend or device is added, removed, changed or swapped.
   *
   * <p>When it is {@linkplain MigrationState#COMPLETED completed} the guest is at the destination,
   * and never goes on here. When it has failed or was cancelled, it goes on here as if nothing had
   * been.
   *
   * @throws InvalidRequestException if the address has a mistake
   * @throws RefusedException if the guest is not here
   * @throws BusyException if a migration, a swap or another change is under way
   */
  void migrate(String address) throws AdminException;

  /**
   * Starts to listen for a guest; for a file, to read it. Returns when a sender can connect.
   *
   * @throws InvalidRequestException if the address has a mistake
   * @throws RefusedException if the machine was not started to take in a guest, or already listens
   * @throws HostException if nobody can listen there
   */
  void listen(String address) throws AdminException;

  /**
   * Cancels the migration that is under way, unless the owner has changed. Does nothing if there is
   * none, and returns without waiting for the end.
   */
  void cancel();

  /** Returns what holds for migrations that begin from now on. */
  MigrationParameters parameters();

  /**
   * Changes parameters.
   *
   * @param changes values by QEMU's names, as texts
   * @throws InvalidRequestException if there is no such parameter, or it can't have that value;
   *     then none is changed
   */
  void setParameters(Map<String, String> changes) throws InvalidRequestException;

  /** What becomes of a guest that is stopped on both sides. */
  enum Decision {
    /** It goes on here. */
    HERE,
    /** It doesn't; here nothing of it is left that could go on. */
    ELSEWHERE
  }

  /**
   * Says where a guest goes on whose migration is {@linkplain MigrationState#UNDECIDED undecided}.
   *
   * @param proof what the source's note beside its file, or its {@link #status}, shows once the
   *     guest has left it; needed for {@link Decision#HERE} at a destination, so that it can't be
   *     said while the source still has it; or {@link #SOURCE_LOST}. At a source that has let its
   *     guest go, {@link #DESTINATION_LOST}. Empty where none is needed: with a QEMU at the other
   *     end, and for {@link Decision#ELSEWHERE}
   * @throws RefusedException if nothing is to be decided, or the proof is not the source's
   */
  void decide(Decision decision, String proof) throws AdminException;
}
