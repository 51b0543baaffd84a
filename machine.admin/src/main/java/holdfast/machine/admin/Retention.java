package holdfast.machine.admin;

/**
 * Whether a change also holds when the machine starts again. Where configurations describe the
 * machine, changes are written into them. Those of a command line end with the process: the command
 * line says again what the next one is made of. A device is kept with the address and the slot that
 * it was given.
 *
 * @param limit empty if it holds; otherwise until when and why, as the end of a sentence, such as
 *     {@code until the machine ends, since configuration holdfast.machine is gone}
 * @param place the configuration that the change was written into, or that was deleted: its file if
 *     that is known, otherwise its PID; empty if none was
 */
public record Retention(String limit, String place) {
  /** Nothing stores what the machine is made of, as in a library: its emulator opens it again. */
  public static final Retention OF_THIS_MACHINE =
      until("the machine ends, since nothing stores what it was opened with");

  /** The change is stored in a configuration. */
  public static Retention in(String place) {
    return new Retention("", place);
  }

  /**
   * The change holds for a time.
   *
   * @param limit until when and why, such as {@code the machine ends, since …}
   */
  public static Retention until(String limit) {
    return new Retention("until " + limit, "");
  }

  /** Nothing had to be stored. */
  public static final Retention NOTHING_TO_STORE = new Retention("", "");

  /** Returns whether the change holds at the next start. */
  public boolean isStored() {
    return limit.isEmpty();
  }
}
