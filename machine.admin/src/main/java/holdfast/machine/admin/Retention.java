package holdfast.machine.admin;

/**
 * Whether a change also holds when the machine starts again.
 *
 * @param until empty if it does; otherwise until when it holds and why, as the end of a sentence,
 *     such as {@code until the machine ends, since configuration holdfast.machine is gone}
 */
public record Retention(String until) {
  /** The change is stored where the next start finds it. */
  public static final Retention STORED = new Retention("");

  /** Nothing stores what the machine is made of, as in a library: its emulator opens it again. */
  public static final Retention OF_THIS_MACHINE =
      new Retention("until the machine ends, since nothing stores what it was opened with");

  /** Returns whether the change is stored. */
  public boolean isStored() {
    return until.isEmpty();
  }
}
