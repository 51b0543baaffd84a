package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.ANY;
import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.INTEGER;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import holdfast.monitor.shell.command.OperatorCommands;
import holdfast.monitor.shell.command.OperatorCommands.Call;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code ram:} commands of the shell as commands of QMP: the very same, so that what is said on
 * a terminal of another process is what the shell says.
 */
final class WordCommand {
  /** The swap that a command has started. */
  private static final String SWAP = "swap";

  /** The migration that a command has started. */
  private static final String MIGRATION = "migration";

  private static final Struct ANSWER =
      new Struct(
          "XHoldfastAnswer",
          List.of(
              optional("text", STRING),
              optional("value", ANY),
              optional(SWAP, SwapCommands.REPORT),
              optional(MIGRATION, MigrationShapes.INFO)));

  private static final Struct DESCRIPTION =
      new Struct(
          "XHoldfastCommandInfo",
          List.of(
              required("name", STRING),
              required("purpose", STRING),
              required("arguments", STRING)));

  private static final Struct OFFER =
      new Struct(
          "XHoldfastOffer",
          List.of(
              required("from", INTEGER),
              required("whole", new ListOf(STRING)),
              required("begun", new ListOf(STRING)),
              required("path", BOOLEAN)));

  private final OperatorCommands commands;
  private final Qmp qmp;

  /** Runs another command of QMP. */
  interface Qmp {
    Object run(String name, Map<String, @Nullable Object> arguments)
        throws HoldfastException, InterruptedException;
  }

  WordCommand(MachineAdmin admin, Qmp qmp) {
    this.commands = new OperatorCommands(admin);
    this.qmp = qmp;
  }

  /** Returns the commands. */
  List<Command> all() {
    return List.of(
        Command.query("x-holdfast-query-words", new ListOf(DESCRIPTION), none -> described()),
        Command.with(
            "x-holdfast-complete",
            List.of(required("words", new ListOf(STRING))),
            OFFER,
            given -> offered(commands.complete(given.texts("words")))),
        Command.with(
            "x-holdfast-command",
            List.of(required("words", new ListOf(STRING)), optional("json", BOOLEAN)),
            ANSWER,
            this::run));
  }

  private List<Map<String, Object>> described() {
    return commands.all().stream()
        .map(
            one ->
                Map.<String, Object>of(
                    "name", one.name(), "purpose", one.purpose(), "arguments", one.arguments()))
        .toList();
  }

  private static Map<String, Object> offered(OperatorCommands.Offer offer) {
    return Map.of(
        "from", offer.from(), "whole", offer.whole(), "begun", offer.begun(), "path", offer.path());
  }

  private Object run(Arguments given) throws HoldfastException, InterruptedException {
    List<String> words = given.texts("words");
    Map<String, Object> all = new LinkedHashMap<>();
    if (given.flag("json", false)) {
      Call call = commands.call(words);
      Object value = qmp.run(call.command(), new LinkedHashMap<>(call.arguments()));
      all.put("value", value);
      switch (call.awaited()) {
        case NOTHING -> {}
        case SWAP -> all.put(SWAP, value);
        case MIGRATION -> all.put(MIGRATION, value);
      }
    } else {
      OperatorCommands.Answer answer = commands.run(words);
      all.put("text", answer.text());
      answer.swap().ifPresent(swap -> all.put(SWAP, SwapCommands.report(swap.report())));
      answer.migration().ifPresent(one -> all.put(MIGRATION, MigrationShapes.info(one)));
    }
    return all;
  }
}
