package holdfast.machine.core;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A machine can't be brought up, or something that it consists of can't be changed. The message is
 * one sentence for the operator.
 */
public class MachineException extends Exception {
  private static final long serialVersionUID = 1;

  private transient @Nullable Part part;

  /**
   * A part of a machine that was asked for.
   *
   * @param isDevice whether it is a device; else it is a memory backend
   * @param number its place in the list of its kind, from 0
   */
  public record Part(boolean isDevice, int number) {}

  MachineException(String sentence) {
    super(sentence);
  }

  /** The sentence is that of the cause. */
  MachineException(Exception cause) {
    super(cause.getMessage(), cause);
  }

  /** Says what it is about, unless that is known already. */
  MachineException about(Part failed) {
    if (part == null) {
      part = failed;
    }
    return this;
  }

  /** Returns what of the machine that was asked for it is about; empty if it is the machine. */
  public Optional<Part> part() {
    return Optional.ofNullable(part);
  }
}
