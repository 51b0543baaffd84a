package holdfast.machine.acpi.internal.aml;

/** What has a value (20.2.5.4). Nothing is stored anywhere but by a statement. */
public final class Expressions {
  private static final int LOCAL = 0x60;
  private static final int ARGUMENT = 0x68;
  private static final Aml NO_TARGET = Aml.of(0x00);

  private static final Aml CONCATENATE = Aml.of(0x73);
  private static final Aml SUBTRACT = Aml.of(0x74);
  private static final Aml DEREFERENCE = Aml.of(0x83);
  private static final Aml SIZE = Aml.of(0x87);
  private static final Aml INDEX = Aml.of(0x88);
  private static final Aml TYPE = Aml.of(0x8E);
  private static final Aml OR = Aml.of(0x91);
  private static final Aml NOT = Aml.of(0x92);
  private static final Aml EQUAL = Aml.of(0x93);
  private static final Aml GREATER = Aml.of(0x94);
  private static final Aml LESS = Aml.of(0x95);
  private static final Aml TO_BUFFER = Aml.of(0x96);
  private static final Aml TO_INTEGER = Aml.of(0x99);
  private static final Aml MID = Aml.of(0x9E);

  private Expressions() {}

  /** Returns a method's variable, from 0 to 7. */
  public static Aml local(int number) {
    return Aml.of(LOCAL + number);
  }

  /** Returns a method's argument, from 0 to 6. */
  public static Aml arg(int number) {
    return Aml.of(ARGUMENT + number);
  }

  /** Returns a call of a method. */
  public static Aml call(String method, Aml... arguments) {
    return Aml.join(Aml.name(method), Aml.join(arguments));
  }

  /** Returns a difference. */
  public static Aml subtract(Aml from, Aml what) {
    return Aml.join(SUBTRACT, from, what, NO_TARGET);
  }

  /** Returns two buffers as one. */
  public static Aml concatenate(Aml one, Aml other) {
    return Aml.join(CONCATENATE, one, other, NO_TARGET);
  }

  /** Returns a part of a buffer. */
  public static Aml mid(Aml buffer, Aml from, Aml size) {
    return Aml.join(MID, buffer, from, size, NO_TARGET);
  }

  /** Returns the bytes of a number, lowest first: four or eight, as the interpreter's have. */
  public static Aml toBuffer(Aml number) {
    return Aml.join(TO_BUFFER, number, NO_TARGET);
  }

  /** Returns the number whose bytes these are, lowest first. */
  public static Aml toInteger(Aml buffer) {
    return Aml.join(TO_INTEGER, buffer, NO_TARGET);
  }

  /** Returns the number of bytes of a buffer, or of elements of a package. */
  public static Aml sizeOf(Aml object) {
    return Aml.join(SIZE, object);
  }

  /** Returns the type of what a variable or an argument holds: see {@link Type}. */
  public static Aml typeOf(Aml object) {
    return Aml.join(TYPE, object);
  }

  /** Returns a reference to an element of a package. */
  public static Aml index(Aml object, int element) {
    return Aml.join(INDEX, object, Data.integer(element), NO_TARGET);
  }

  /** Returns an element of a package. */
  public static Aml element(Aml object, int element) {
    return Aml.join(DEREFERENCE, index(object, element));
  }

  /** Returns whether two values are the same. */
  public static Aml equal(Aml one, Aml other) {
    return Aml.join(EQUAL, one, other);
  }

  /** Returns whether a number is below another one. */
  public static Aml less(Aml one, Aml other) {
    return Aml.join(LESS, one, other);
  }

  /** Returns whether a number is above another one. */
  public static Aml greater(Aml one, Aml other) {
    return Aml.join(GREATER, one, other);
  }

  /** Returns whether one of two is true; both are evaluated, whatever the first one is. */
  public static Aml or(Aml one, Aml other) {
    return Aml.join(OR, one, other);
  }

  /** Returns the opposite. */
  public static Aml not(Aml what) {
    return Aml.join(NOT, what);
  }

  /** The types of objects that {@link #typeOf} tells apart (19.6.97). */
  public enum Type {
    /** Bytes. */
    BUFFER(3),
    /** Elements. */
    PACKAGE(4);

    private final int number;

    Type(int number) {
      this.number = number;
    }

    /** Returns the number that stands for the type. */
    public Aml number() {
      return Data.integer(number);
    }
  }
}
