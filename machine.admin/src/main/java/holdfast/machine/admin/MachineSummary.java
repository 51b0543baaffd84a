package holdfast.machine.admin;

import holdfast.backend.api.ByteSize;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a machine is, for somebody who sees it for the first time.
 *
 * @param status its state, and what it waits for
 * @param since when it entered this phase
 * @param hardware what it consists of; empty if it isn't up
 * @param doors where operators' programs reach it; empty where it is a library
 */
public record MachineSummary(
    MachineStatus status, Instant since, Optional<Hardware> hardware, List<DoorStatus> doors) {
  public MachineSummary {
    doors = List.copyOf(doors);
  }

  /**
   * What a machine that is up consists of.
   *
   * @param type such as {@code pc}
   * @param ram the size of its base RAM
   * @param maxmem how much base RAM and memory devices can have together
   * @param objects how many memory backends there are
   * @param devices how many memory devices there are, base RAM among them
   */
  public record Hardware(String type, ByteSize ram, ByteSize maxmem, int objects, int devices) {}

  /**
   * A place where operators' programs reach the machine.
   *
   * @param place such as {@code unix:/run/holdfast/m1.sock}
   * @param failure why nobody can come by it; empty if one can
   */
  public record DoorStatus(String place, String failure) {}
}
