package holdfast.monitor.qmp.internal.command;

import holdfast.backend.api.HoldfastException;
import holdfast.monitor.qmp.internal.schema.ValueType;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.List;
import java.util.Map;

/**
 * A command of QMP.
 *
 * @param name as the client writes it
 * @param arguments what it takes
 * @param result what it returns
 * @param work does it
 */
public record Command(String name, Struct arguments, ValueType result, Work work) {
  /** What a command returns that has nothing to say. */
  static final Map<String, Object> NOTHING = Map.of();

  /** The work of a command. */
  @FunctionalInterface
  public interface Work {
    /**
     * Does it, and returns what the client is told.
     *
     * @throws HoldfastException if it isn't done
     */
    Object run(Arguments arguments) throws HoldfastException, InterruptedException;
  }

  /** Returns a command without arguments. */
  static Command query(String name, ValueType result, Work work) {
    return new Command(name, new Struct(name, List.of()), result, work);
  }

  /** Returns a command that takes exactly these arguments. */
  static Command with(String name, List<Member> arguments, ValueType result, Work work) {
    return new Command(name, new Struct(name, arguments), result, work);
  }
}
