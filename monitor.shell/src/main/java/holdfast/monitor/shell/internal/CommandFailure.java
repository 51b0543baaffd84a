package holdfast.monitor.shell.internal;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.config.options.Excerpt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shell command can't do what was asked for. The shell prints it as its sentence, which stays on
 * one line and contains nothing that controls a terminal.
 */
public final class CommandFailure extends RuntimeException {
  private static final Logger LOG = LoggerFactory.getLogger(CommandFailure.class);
  private static final long serialVersionUID = 1;

  CommandFailure(String sentence) {
    super(Excerpt.onOneLine(sentence));
  }

  @Override
  public String toString() {
    return "holdfast: " + getMessage();
  }

  /** The work of a command. */
  interface Work {
    String answer() throws Exception;
  }

  /**
   * Does the work of a command and turns every failure into one sentence; also an Error, of which
   * the shell would show the wrapper only.
   *
   * @throws CommandFailure with that sentence
   * @throws InterruptedException if the shell's user interrupts it
   */
  static String orAnswer(String command, Work work) throws InterruptedException {
    try {
      return work.answer();
    } catch (CommandFailure | InterruptedException e) {
      throw e;
    } catch (HoldfastException e) {
      throw new CommandFailure(e.getMessage());
    } catch (Exception | Error e) {
      LOG.error("{} failed", command, e);
      throw new CommandFailure(
          command + " failed for a reason that it does not know: " + e + "; see the log");
    }
  }
}
