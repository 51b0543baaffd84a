package holdfast.ctl;

import holdfast.machine.config.options.Excerpt;

/** The command ends. The message is the sentence for the operator, safe for a terminal. */
final class CtlException extends Exception {
  private static final long serialVersionUID = 1;

  /** Longer than any of ours. */
  private static final int LONGEST = 4000;

  private final boolean fatal;

  private CtlException(String sentence, boolean fatal) {
    super(Excerpt.onOneLine(sentence.substring(0, Math.min(LONGEST, sentence.length()))));
    this.fatal = fatal;
  }

  /** The machine refuses; it can be asked again. */
  static CtlException refused(String sentence) {
    return new CtlException(sentence, false);
  }

  /** The machine can't be reached, or no longer. */
  static CtlException unreachable(String sentence) {
    return new CtlException(sentence, true);
  }

  /** Returns whether there is no connection any more. */
  boolean isFatal() {
    return fatal;
  }
}
