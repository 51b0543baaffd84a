package holdfast.machine.acpi.internal.aml;

/** What a method does (20.2.5.3, and stores). */
public final class Statements {
  private static final Aml STORE = Aml.of(0x70);
  private static final Aml ADD = Aml.of(0x72);
  private static final Aml SUBTRACT = Aml.of(0x74);
  private static final Aml NOTIFY = Aml.of(0x86);
  private static final Aml CONTINUE = Aml.of(0x9F);
  private static final Aml IF = Aml.of(0xA0);
  private static final Aml ELSE = Aml.of(0xA1);
  private static final Aml WHILE = Aml.of(0xA2);
  private static final Aml BREAK = Aml.of(0xA5);
  private static final Aml RETURN = Aml.of(0xA4);
  private static final Aml ACQUIRE = Aml.of(0x5B, 0x23);
  private static final Aml RELEASE = Aml.of(0x5B, 0x27);
  private static final Aml FOR_EVER = Aml.of(0xFF, 0xFF);

  private Statements() {}

  /** Returns a store of a value into a variable, a field or an element. */
  public static Aml store(Aml value, Aml target) {
    return Aml.join(STORE, value, target);
  }

  /** Returns a store of a sum, which is shorter than an expression and a store. */
  public static Aml storeSum(Aml one, Aml other, Aml target) {
    return Aml.join(ADD, one, other, target);
  }

  /** Returns a store of a difference, which is shorter than an expression and a store. */
  public static Aml storeDifference(Aml from, Aml what, Aml target) {
    return Aml.join(SUBTRACT, from, what, target);
  }

  /** Returns statements that run if {@code condition} is true. */
  public static Aml when(Aml condition, Aml... statements) {
    return Aml.block(IF, condition, Aml.join(statements));
  }

  /** Returns statements that run if the condition of the {@link #when} just before is false. */
  public static Aml otherwise(Aml... statements) {
    return Aml.block(ELSE, statements);
  }

  /** Returns statements that run as long as nothing leaves them. */
  public static Aml forEver(Aml... statements) {
    return Aml.block(WHILE, Data.ONE, Aml.join(statements));
  }

  /** Returns the statement that leaves the innermost loop. */
  public static Aml leave() {
    return BREAK;
  }

  /** Returns the statement that begins the innermost loop's next turn. */
  public static Aml again() {
    return CONTINUE;
  }

  /** Returns the end of a method, with its result. */
  public static Aml result(Aml value) {
    return Aml.join(RETURN, value);
  }

  /** Returns a wait for a mutex, however long. */
  public static Aml acquire(String mutex) {
    return Aml.join(ACQUIRE, Aml.name(mutex), FOR_EVER);
  }

  /** Returns the release of a mutex. */
  public static Aml release(String mutex) {
    return Aml.join(RELEASE, Aml.name(mutex));
  }

  /** Returns a notification of a device's driver. */
  public static Aml tell(String device, int value) {
    return Aml.join(NOTIFY, Aml.name(device), Data.integer(value));
  }
}
