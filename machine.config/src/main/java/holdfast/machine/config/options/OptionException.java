package holdfast.machine.config.options;

import holdfast.backend.api.HoldfastException;

/**
 * An option, or a configuration, is refused. The message is one complete sentence on one line,
 * which can be shown to the operator unchanged: it names the option and the property, quotes what
 * was asked for, and says what to write instead.
 */
public final class OptionException extends HoldfastException {
  private static final long serialVersionUID = 1L;

  /**
   * @param sentence the sentence to show
   */
  public OptionException(String sentence) {
    super(sentence);
  }

  private OptionException(String sentence, OptionException cause) {
    super(sentence, cause);
  }

  /**
   * Returns the same refusal with {@code prefix}, which says what was being read, before its
   * sentence.
   */
  public OptionException within(String prefix) {
    return new OptionException(prefix + getMessage(), this);
  }
}
