package holdfast.vcpu.unicorn.internal;

import java.util.List;

/** Why the guest's code was left. The program counter is exact in each. */
sealed interface Outcome {

  /** Somebody asked for it, or the budget is used up. */
  record Stopped() implements Outcome {}

  /** The guest waits for an interrupt, and is behind the instruction that does. */
  record Halted() implements Outcome {}

  /** Before an instruction whose access was refused. */
  record Refused(Refusal access) implements Outcome {}

  /** Before an instruction that is not at an address with memory. */
  record NoCode(long address) implements Outcome {}

  /** The guest raised an exception. */
  record Trapped(int number) implements Outcome {}

  /**
   * Behind an {@code in}, whose answer is in no register yet.
   *
   * @param at where the instruction is
   */
  record PortRead(int port, int width, long at) implements Outcome {}

  /** Behind an {@code out}. */
  record PortWrite(int port, int width, long value) implements Outcome {}

  /** Behind an instruction that met lost pages. */
  record Lost(List<Cell.LostPage> pages) implements Outcome {}

  /** The engine can't go on. */
  record Failed(int error) implements Outcome {}
}
