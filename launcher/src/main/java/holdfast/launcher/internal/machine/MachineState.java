package holdfast.launcher.internal.machine;

import java.util.List;

/** How far a configured machine is. */
public sealed interface MachineState {

  /** What its configuration lists has not all been declared. */
  record Incomplete(List<String> missing) implements MachineState {}

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
