package holdfast.launcher.internal.machine;

/** The machine can't be brought up as it is configured. The message is one whole sentence. */
public final class MachineException extends Exception {
  private static final long serialVersionUID = 1;

  private final String why;
  private final boolean placed;

  MachineException(String sentence) {
    this("", sentence, false);
  }

  /**
   * @param subject how the sentence begins: what it is about
   * @param why the rest of the sentence
   */
  MachineException(String subject, String why) {
    this(subject, why, false);
  }

  private MachineException(String subject, String why, boolean placed) {
    super(subject + why);
    this.why = why;
    this.placed = placed;
  }

  /** The sentence without what it is about, for who has named that already. */
  public String why() {
    return why;
  }

  /**
   * The same sentence with the place before it where it is to be mended, if it has none yet. What
   * the command line wrote has none.
   */
  MachineException in(Wish wish) {
    String sentence = "" + getMessage();
    if (placed || wish.isOfCommandLine()) {
      return this;
    }
    String place = wish.place() + ": ";
    MachineException inPlace =
        new MachineException(sentence.startsWith(place) ? "" : place, sentence, true);
    inPlace.initCause(this);
    return inPlace;
  }
}
