package holdfast.machine.core;

import holdfast.backend.api.HoldfastException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A machine can't be opened, or one of its parts can't be changed. The message is one sentence for
 * the operator.
 */
public class MachineException extends HoldfastException {
  private static final long serialVersionUID = 1;

  private transient @Nullable Part part;

  /**
   * A requested part of a machine.
   *
   * @param isDevice whether the part is a device; otherwise it is a memory backend
   * @param number its index in the list of its kind, from 0
   */
  public record Part(boolean isDevice, int number) {}

  MachineException(String sentence) {
    super(sentence);
  }

  MachineException(String sentence, Exception cause) {
    super(sentence, cause);
  }

  /** Takes the sentence from {@code cause}. */
  MachineException(HoldfastException cause) {
    super(cause.getMessage(), cause);
  }

  /** Sets the part that this is about, unless it is already known. */
  MachineException about(Part failed) {
    if (part == null) {
      part = failed;
    }
    return this;
  }

  /**
   * Returns which requested part of the machine this is about; empty if it is about the machine
   * itself.
   */
  public Optional<Part> part() {
    return Optional.ofNullable(part);
  }

  /** Makes the result for one requested part of the machine. */
  interface Step<T> {
    T made() throws HoldfastException;
  }

  /** Runs the step of one part; an exception says which part it is about. */
  static <T> T of(boolean isDevice, int number, Step<T> step) throws MachineException {
    Part part = new Part(isDevice, number);
    try {
      return step.made();
    } catch (MachineException e) {
      throw e.about(part);
    } catch (HoldfastException e) {
      throw new MachineException(e).about(part);
    }
  }
}
