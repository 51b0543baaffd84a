package holdfast.machine.admin;

import holdfast.machine.api.SwapReport;
import java.time.Instant;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Something that happened to a machine. All events of a service have one order: that of their
 * numbers, which is the order in which the changes were made.
 *
 * @param number counts the events of the service, from 1 and without gaps
 * @param time when it happened
 * @param change what happened
 */
public record AdminEvent(long number, Instant time, Change change) {

  /** What happened. */
  @ProviderType
  public sealed interface Change {}

  /** The machine's status changed: it came up, failed, ended, was stopped or continues. */
  public record StatusChanged(MachineStatus status) implements Change {}

  /** A memory backend was added. */
  public record ObjectAdded(String id) implements Change {}

  /** A memory backend was removed. */
  public record ObjectRemoved(String id) implements Change {}

  /**
   * State, flags, durability, allocator or properties of a memory backend changed; {@link
   * MachineAdmin#object} says what they are by now.
   */
  public record ObjectChanged(String id) implements Change {}

  /** A device was plugged. */
  public record DevicePlugged(DeviceStatus device) implements Change {}

  /** A device was unplugged; listeners of the guest memory have been told. */
  public record DeviceUnplugged(DeviceStatus device) implements Change {}

  /**
   * A device that the guest was asked to give up stays plugged.
   *
   * @param reason why, as the end of a sentence
   */
  public record UnplugRefused(DeviceStatus device, String reason) implements Change {}

  /** The guest was started again, as by a reset button. */
  public record GuestReset() implements Change {}

  /** The guest was asked to shut down, as by a power button. */
  public record PowerDownRequested() implements Change {}

  /** A swap entered another phase, or ended a round. */
  public record SwapProgressed(SwapReport report) implements Change {}

  /** A migration entered another state, or ended a round. */
  public record MigrationProgressed(MigrationStatus status) implements Change {}
}
