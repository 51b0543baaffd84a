package holdfast.machine.core.internal.guest;

/**
 * Tells whether an atomic update may still run in the interpreter, where the JVM ends at a page
 * that is lost to stores: {@code Unsafe.compareAndSetInt} and {@code Long} are the only accesses
 * that the JVM doesn't guard against SIGBUS there; in compiled code it guards them as well (JDK
 * 25.0.3). A JVM that guards them makes this class unnecessary.
 *
 * <p>Each kind is compiled by itself. Code that falls back to the interpreter later is not known of
 * here.
 */
enum ColdCode {
  /** A compare-and-set of four bytes. */
  INT,
  /** A compare-and-set of eight bytes. */
  LONG,
  /** Marking pages. */
  MARK;

  /** Far above any threshold of the compilers, which work in threads of their own. */
  private static final int COMPILED = 20_000;

  private static final boolean NEVER_COMPILED =
      System.getProperty("java.vm.info", "").contains("interpreted mode");

  /** Updates so far; a race loses some, which makes the code cold for longer. */
  private int updates;

  /** Counts an update, and returns whether it may run in the interpreter. */
  boolean mayBe() {
    int before = updates;
    if (before >= COMPILED) {
      return NEVER_COMPILED;
    }
    updates = before + 1;
    return true;
  }

  /** Returns the cause of an access that was not made, since it could have ended the JVM. */
  static InternalError lost() {
    return new InternalError("a page of it is lost to stores");
  }
}
