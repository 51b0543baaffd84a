package holdfast.monitor.qmp.internal.schema;

import holdfast.monitor.qmp.internal.schema.ValueType.Builtin;
import holdfast.monitor.qmp.internal.schema.ValueType.Choice;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The answer to {@code query-qmp-schema}: commands, events and their types, in QEMU's introspection
 * format. Types are named by numbers there, since a client is to look at what they hold; only those
 * that JSON has keep their names.
 */
public final class Introspection {
  private final List<Map<String, Object>> entries = new ArrayList<>();
  private final Map<ValueType, String> named = new HashMap<>();

  /** Adds a command. */
  public void command(String name, Struct arguments, ValueType result) {
    Map<String, Object> entry = entry(name, "command");
    entry.put("arg-type", name(arguments));
    entry.put("ret-type", name(result));
  }

  /** Adds an event. */
  public void event(String name, Struct data) {
    entry(name, "event").put("arg-type", name(data));
  }

  /** Returns all entries. */
  public List<Map<String, Object>> entries() {
    return List.copyOf(entries);
  }

  private Map<String, Object> entry(String name, String metaType) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", name);
    entry.put("meta-type", metaType);
    entries.add(entry);
    return entry;
  }

  /** Returns the name of a type, and adds its entry if it is new. */
  private String name(ValueType type) {
    String known = named.get(type);
    if (known != null) {
      return known;
    }
    if (type instanceof ListOf(ValueType element)) {
      String name = "[" + name(element) + "]";
      named.put(type, name);
      entry(name, "array").put("element-type", name(element));
      return name;
    }
    String name = type instanceof Builtin builtin ? builtin.name() : Integer.toString(named.size());
    named.put(type, name);
    switch (type) {
      case Builtin builtin -> entry(name, "builtin").put("json-type", builtin.jsonType());
      case Choice choice -> {
        Map<String, Object> entry = entry(name, "enum");
        entry.put("members", choice.words().stream().map(word -> Map.of("name", word)).toList());
        entry.put("values", choice.words());
      }
      case Struct struct -> {
        Map<String, Object> entry = entry(name, "object");
        entry.put("members", members(struct));
        if (!struct.variants().isEmpty()) {
          entry.put("tag", struct.members().getFirst().name());
          entry.put("variants", variants(struct));
        }
      }
      case ListOf list -> throw new AssertionError("handled above: " + list);
    }
    return name;
  }

  private List<Map<String, Object>> variants(Struct struct) {
    List<Map<String, Object>> variants = new ArrayList<>();
    struct
        .variants()
        .forEach((value, more) -> variants.add(Map.of("case", value, "type", name(more))));
    return variants;
  }

  private List<Map<String, Object>> members(Struct struct) {
    List<Map<String, Object>> members = new ArrayList<>();
    for (Member member : struct.members()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", member.name());
      entry.put("type", name(member.type()));
      if (member.optional()) {
        entry.put("default", null);
      }
      members.add(entry);
    }
    return members;
  }
}
