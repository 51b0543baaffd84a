package holdfast.monitor.qmp.internal.command;

import holdfast.machine.config.options.Excerpt;
import holdfast.monitor.qmp.internal.schema.ValueType;
import holdfast.monitor.qmp.internal.schema.ValueType.Builtin;
import holdfast.monitor.qmp.internal.schema.ValueType.Choice;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one command, checked against its definition.
 *
 * @param values the members that were given
 */
public record Arguments(Map<String, @Nullable Object> values) {

  /**
   * Checks the arguments of a command.
   *
   * @throws QmpException for the first that is missing, unknown, or of another type
   */
  static Arguments check(Struct definition, Map<String, @Nullable Object> given)
      throws QmpException {
    Map<String, ValueType> known = new LinkedHashMap<>();
    for (Member member : definition.members()) {
      known.put(member.name(), member.type());
      if (given.containsKey(member.name())) {
        require(member.name(), member.type(), given.get(member.name()));
      } else if (!member.optional()) {
        throw QmpException.generic("Parameter '" + member.name() + "' is missing");
      }
    }
    for (String name : given.keySet()) {
      if (!definition.open() && !known.containsKey(name)) {
        throw QmpException.generic("Parameter '" + Excerpt.onOneLine(name) + "' is unexpected");
      }
    }
    return new Arguments(given);
  }

  private static void require(String name, ValueType type, @Nullable Object value)
      throws QmpException {
    switch (type) {
      case Builtin builtin -> {
        if (!isOf(builtin, value)) {
          throw invalid(name, builtin.jsonType().equals("int") ? "integer" : builtin.jsonType());
        }
      }
      case Choice choice -> {
        if (!(value instanceof String word)) {
          throw invalid(name, "string");
        }
        if (!choice.words().contains(word)) {
          throw QmpException.generic(
              "Parameter '" + name + "' does not accept value " + Excerpt.of(word));
        }
      }
      case ListOf list -> {
        if (!(value instanceof List<?> items)) {
          throw invalid(name, "array");
        }
        for (Object item : items) {
          require(name, list.element(), item);
        }
      }
      case Struct struct -> {
        if (!(value instanceof Map<?, ?>)) {
          throw invalid(name, "object");
        }
      }
    }
  }

  private static boolean isOf(Builtin builtin, @Nullable Object value) {
    return switch (builtin.jsonType()) {
      case "string" -> value instanceof String;
      case "boolean" -> value instanceof Boolean;
      case "int" -> value instanceof Integer || value instanceof Long;
      case "number" -> value instanceof Number;
      default -> true;
    };
  }

  private static QmpException invalid(String name, String expected) {
    return QmpException.generic("Invalid parameter type for '" + name + "', expected: " + expected);
  }

  /** Returns a string that must be there. */
  String text(String name) {
    return (String) Objects.requireNonNull(values.get(name));
  }

  /** Returns a list of strings that must be there. */
  List<String> texts(String name) {
    return ((List<?>) Objects.requireNonNull(values.get(name)))
        .stream().map(String.class::cast).toList();
  }

  /** Returns an object that must be there. */
  Map<?, ?> object(String name) {
    return (Map<?, ?>) Objects.requireNonNull(values.get(name));
  }

  /** Returns a string, if it is there. */
  Optional<String> optionalText(String name) {
    return Optional.ofNullable((String) values.get(name));
  }

  /** Returns a flag, or {@code otherwise} if it isn't there. */
  boolean flag(String name, boolean otherwise) {
    return values.get(name) instanceof Boolean flag ? flag : otherwise;
  }

  /** Returns a number that isn't negative, if it is there. */
  Optional<Long> number(String name) throws QmpException {
    if (!(values.get(name) instanceof Number number)) {
      return Optional.empty();
    }
    if (number.longValue() < 0) {
      throw QmpException.generic("Parameter '" + name + "' expects a number from 0 on");
    }
    return Optional.of(number.longValue());
  }
}
