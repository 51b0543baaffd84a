package holdfast.start;

/** The process is being ended, and what was begun is not continued. */
final class EndingException extends Exception {
  private static final long serialVersionUID = 1;
}
