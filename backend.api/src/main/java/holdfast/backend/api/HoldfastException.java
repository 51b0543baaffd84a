package holdfast.backend.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Thrown when Holdfast can't do what was asked for. The message is one sentence that an operator
 * can act on: it names the object, what was asked for, what was found, and what to do. Each cause
 * has a subtype of its own, with what a program needs to know of it, so that nobody has to read the
 * sentence. An exception that led to this one is kept as its cause.
 */
@ProviderType
public abstract class HoldfastException extends Exception {
  private static final long serialVersionUID = 1;

  private final String sentence;

  /**
   * @param sentence the sentence to show
   */
  protected HoldfastException(String sentence) {
    super(sentence);
    this.sentence = sentence;
  }

  /**
   * @param sentence the sentence to show
   * @param cause what led to it
   */
  protected HoldfastException(String sentence, Throwable cause) {
    super(sentence, cause);
    this.sentence = sentence;
  }

  /** Returns the sentence, which can be shown to the operator as it is; never null. */
  @Override
  public String getMessage() {
    return sentence;
  }
}
