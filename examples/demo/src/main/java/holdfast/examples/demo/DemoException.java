package holdfast.examples.demo;

/** The demo can't go on, or has found a byte that is wrong. The message is one sentence. */
final class DemoException extends Exception {
  private static final long serialVersionUID = 1;

  DemoException(String sentence) {
    super(sentence);
  }
}
