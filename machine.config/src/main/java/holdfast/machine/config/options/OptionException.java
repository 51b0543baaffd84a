package holdfast.machine.config.options;

/**
 * An option, or a configuration, is refused. The message is one complete sentence on one line,
 * which can be shown to the operator unchanged: it names the option and the property, quotes what
 * was asked for, and says what to write instead.
 */
public final class OptionException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String sentence;

  /**
   * @param sentence the sentence to show
   */
  public OptionException(String sentence) {
    super(sentence);
    this.sentence = sentence;
  }

  /**
   * Returns the same refusal with {@code prefix}, which says what was being read, before its
   * sentence.
   */
  public OptionException within(String prefix) {
    OptionException outer = new OptionException(prefix + sentence);
    outer.initCause(this);
    return outer;
  }

  @Override
  public String getMessage() {
    return sentence;
  }
}
