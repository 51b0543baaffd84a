package holdfast.machine.config.options;

/**
 * An option, or a configuration, that is refused. The message is one complete sentence on one line,
 * to be shown to the operator as it is: it names the option and the property, quotes what was
 * asked, and says what to write instead.
 */
public final class OptionException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String sentence;

  /**
   * @param sentence as it is to be shown
   */
  public OptionException(String sentence) {
    super(sentence);
    this.sentence = sentence;
  }

  /** The same refusal, with {@code prefix} before its sentence: what was being read. */
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
