package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.ANY;
import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.NOTHING;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.OptionException;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import java.util.List;

/** The commands by which clients look at the tree of objects, and at the types there are. */
public final class QomCommands {
  private final QomTree tree;

  /**
   * @param admin the machine
   */
  public QomCommands(MachineAdmin admin) {
    this.tree = new QomTree(admin);
  }

  /** Returns the commands. */
  public List<Command> all() {
    return List.of(
        Command.with(
            "qom-list",
            List.of(required("path", STRING)),
            new ListOf(Shapes.PROPERTY),
            given -> tree.list(given.text("path"))),
        Command.with(
            "qom-get",
            List.of(required("path", STRING), required("property", STRING)),
            ANY,
            given -> tree.get(given.text("path"), given.text("property"))),
        Command.with(
            "qom-set",
            List.of(required("path", STRING), required("property", STRING), required("value", ANY)),
            NOTHING,
            this::set),
        Command.with(
            "qom-list-types",
            List.of(optional("implements", STRING), optional("abstract", BOOLEAN)),
            new ListOf(Shapes.TYPE),
            given -> QomTree.types(given.optionalText("implements"))),
        Command.with(
            "device-list-properties",
            List.of(required("typename", STRING)),
            new ListOf(Shapes.PROPERTY),
            QomCommands::properties));
  }

  private Object set(Arguments given) throws HoldfastException {
    Object value = given.values().get("value");
    if (value == null) {
      throw QmpException.generic("Invalid parameter type for 'value', expected: value");
    }
    tree.set(given.text("path"), given.text("property"), value);
    return Command.NOTHING;
  }

  private static Object properties(Arguments given) throws QmpException {
    String name = given.text("typename");
    try {
      return QomTree.properties(DeviceDefinitions.OPTION.type(name));
    } catch (OptionException e) {
      throw QmpException.noDevice(e.getMessage());
    }
  }
}
