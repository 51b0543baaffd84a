package holdfast.start;

/** The product can't start. The message is the sentence for the operator. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1;

  StartException(String sentence) {
    super(sentence);
  }
}
