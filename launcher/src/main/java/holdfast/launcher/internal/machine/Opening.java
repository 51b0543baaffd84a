package holdfast.launcher.internal.machine;

import holdfast.machine.admin.AdminException;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Inheritance;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.NoAllocatorException;
import holdfast.machine.core.TakenIdException;
import holdfast.machine.core.UnknownBackendException;
import holdfast.machine.migration.Migrations;
import holdfast.machine.swap.Swaps;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From configurations to an open machine, or to the sentence that says why there is none: the same
 * with a framework and without.
 *
 * @param candidates the available allocators
 * @param heritage waits for what another machine hands over
 */
public record Opening(Candidates candidates, Heritage heritage) {
  private static final Logger LOG = LoggerFactory.getLogger(Opening.class);

  /** Waits for what another machine hands over to one that is about to be opened. */
  @FunctionalInterface
  public interface Heritage {
    /**
     * Waits as long as it takes.
     *
     * @param told receives where it is waited for, as a sentence; not called if nothing is
     */
    Inheritance await(MachineSpec spec, Consumer<String> told) throws AdminException;
  }

  /**
   * Opens the machine of a command line.
   *
   * @param wishes the configurations that the command line becomes, that of the machine last
   * @param keep takes the machine, and returns the state that follows
   */
  public MachineState open(List<Wish> wishes, Function<Machine, MachineState> keep) {
    Wish own = wishes.getLast();
    return open(own, new Listed(own, wishes), starting -> {}, keep);
  }

  /**
   * Opens a machine.
   *
   * @param starting called before it is opened, if it is configured completely, with what it still
   *     waits for
   * @param keep takes the machine, and returns the state that follows
   */
  MachineState open(
      Wish own, Listed listed, Consumer<String> starting, Function<Machine, MachineState> keep) {
    if (!listed.ambiguous.isEmpty()) {
      return new MachineState.Failed(listed.ambiguous);
    }
    if (!listed.missing.isEmpty()) {
      return new MachineState.Incomplete(listed.missing, listed.reason(own));
    }
    starting.accept("");
    try {
      MachineSpec spec = listed.spec(own);
      boolean incoming = MachineDefinition.incoming(spec.machine()).isPresent();
      ImageCheck images = Swaps.imageCheck().and(Migrations.imageCheck(incoming));
      Inheritance inheritance = heritage.await(spec, starting);
      return keep.apply(Machine.open(spec, candidates, images, inheritance));
    } catch (NoAllocatorException e) {
      return new MachineState.Waiting(listed.placed(e, e.getMessage(), own));
    } catch (UnknownBackendException e) {
      return failed(e, e.problem() + "; " + origin(own).addBackend(e.id()), own, listed);
    } catch (TakenIdException e) {
      return failed(e, e.problem() + "; " + origin(own).giveAnotherId(), own, listed);
    } catch (OptionException | AdminException e) {
      return new MachineState.Failed(e.getMessage());
    } catch (MachineException e) {
      return failed(e, e.getMessage(), own, listed);
    } catch (RuntimeException | Error e) {
      // an Error, too: otherwise a wait for this thread's outcome would last for ever
      LOG.error("the machine did not come up", e);
      return new MachineState.Failed(e.toString());
    }
  }

  private static MachineState failed(MachineException e, String sentence, Wish own, Listed listed) {
    return new MachineState.Failed(listed.placed(e, sentence, own));
  }

  private static Origin origin(Wish own) {
    return own.isOfCommandLine() ? Origin.COMMAND_LINE : Origin.CONFIGURATIONS;
  }
}
