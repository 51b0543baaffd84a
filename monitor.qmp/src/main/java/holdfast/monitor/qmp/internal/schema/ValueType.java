package holdfast.monitor.qmp.internal.schema;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The type of a value in QMP. */
public sealed interface ValueType {
  /** Any string. */
  ValueType STRING = new Builtin("str", "string");

  /** True or false. */
  ValueType BOOLEAN = new Builtin("bool", "boolean");

  /** A signed number of 64 bits. */
  ValueType INTEGER = new Builtin("int", "int");

  /** A number from 0 to 2^63-1, mostly of bytes. */
  ValueType SIZE = new Builtin("int", "int");

  /** A number with a fraction. */
  ValueType NUMBER = new Builtin("number", "number");

  /** Any value. */
  ValueType ANY = new Builtin("any", "value");

  /** An object without members: what a command returns that has nothing to say. */
  Struct NOTHING = new Struct("nothing", List.of());

  /**
   * A type that JSON has.
   *
   * @param name its name in QEMU's schema
   * @param jsonType the word of introspection for the kind of JSON value
   */
  record Builtin(String name, String jsonType) implements ValueType {}

  /** One of a few strings. */
  record Choice(String name, List<String> words) implements ValueType {
    public Choice {
      words = List.copyOf(words);
    }
  }

  /** An array. */
  record ListOf(ValueType element) implements ValueType {}

  /**
   * An object.
   *
   * @param open whether it can have more members than these, which depend on the type of object
   * @param variants further members, by the value of the first member; empty if there are none
   */
  record Struct(
      String name, List<Member> members, boolean open, SequencedMap<String, Struct> variants)
      implements ValueType {
    public Struct {
      members = List.copyOf(members);
      variants = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(variants));
    }

    /** Creates an object with exactly these members. */
    public Struct(String name, List<Member> members) {
      this(name, members, false);
    }

    /** Creates an object without variants. */
    public Struct(String name, List<Member> members, boolean open) {
      this(name, members, open, Collections.emptySortedMap());
    }
  }

  /** A member of an object. */
  record Member(String name, ValueType type, boolean optional) {
    /** Returns a member that must be there. */
    public static Member required(String name, ValueType type) {
      return new Member(name, type, false);
    }

    /** Returns a member that may be left out. */
    public static Member optional(String name, ValueType type) {
      return new Member(name, type, true);
    }
  }
}
