package holdfast.launcher.internal.machine;

import holdfast.machine.core.Machine;
import java.util.List;

/** How far a configured machine is. */
public sealed interface MachineState {

  /** There is no configuration of a machine. */
  record Unconfigured() implements MachineState {}

  /**
   * What its configuration lists has not all been declared.
   *
   * @param missing the names
   * @param reason all that is waited for, as one sentence
   */
  record Incomplete(List<String> missing, String reason) implements MachineState {
    public Incomplete {
      missing = List.copyOf(missing);
    }
  }

  /** Everything is declared, and being brought up now. */
  record Starting() implements MachineState {}

  /** An allocator is missing that may come yet. Nothing is up. */
  record Waiting(String reason) implements MachineState {}

  /** It can't be brought up as it is configured. Nothing is up. */
  record Failed(String reason) implements MachineState {}

  /** All of it is up. */
  record Up(Machine machine) implements MachineState {}

  /** It has ended. */
  record Ended() implements MachineState {}
}
