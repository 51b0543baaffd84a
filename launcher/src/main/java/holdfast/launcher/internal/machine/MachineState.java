package holdfast.launcher.internal.machine;

import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineStatus.Phase;
import holdfast.machine.admin.Ownership;
import holdfast.machine.core.Machine;
import java.util.List;

/** The state of a configured machine. */
public sealed interface MachineState {

  /** Returns what an operator sees of it. */
  default MachineStatus status() {
    return switch (this) {
      case Unconfigured _ ->
          new MachineStatus(
              Phase.UNCONFIGURED, "there is no configuration " + MachineComponent.PID, false);
      case Incomplete(_, String reason) -> new MachineStatus(Phase.INCOMPLETE, reason, false);
      case Starting(String awaited) -> new MachineStatus(Phase.STARTING, awaited, false);
      case Waiting(String reason) -> new MachineStatus(Phase.WAITING, reason, false);
      case Failed(String reason) -> new MachineStatus(Phase.FAILED, reason, false);
      case Up(Machine machine) -> {
        Ownership ownership = machine.standing().ownership();
        yield MachineStatus.up(ownership != Ownership.OWNER, ownership);
      }
      case Ended _ -> new MachineStatus(Phase.ENDED, "", false);
    };
  }

  /** There is no configuration of a machine. */
  record Unconfigured() implements MachineState {}

  /**
   * Not everything that its configuration lists has been declared.
   *
   * @param missing the names
   * @param reason what is missing, as one sentence
   */
  record Incomplete(List<String> missing, String reason) implements MachineState {
    public Incomplete {
      missing = List.copyOf(missing);
    }
  }

  /**
   * Everything is declared, and is being brought up now.
   *
   * @param awaited what it waits for that another machine hands over, as a sentence; empty for
   *     nothing
   */
  record Starting(String awaited) implements MachineState {}

  /** An allocator is missing that may still be registered. Nothing is up. */
  record Waiting(String reason) implements MachineState {}

  /** The machine can't be brought up as it is configured. Nothing is up. */
  record Failed(String reason) implements MachineState {}

  /** The whole machine is up. */
  record Up(Machine machine) implements MachineState {}

  /** The machine has ended. */
  record Ended() implements MachineState {}
}
