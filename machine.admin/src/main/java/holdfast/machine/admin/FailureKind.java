package holdfast.machine.admin;

import java.util.Locale;

/** By what a memory backend was found to have failed. It fails once, and for good. */
public enum FailureKind {
  /** It has not failed. */
  NONE,
  /** A persist failed: the host's error is in the note. */
  PERSIST,
  /** The kernel could not write its file back, and told somebody else than a persist. */
  WRITE_BACK,
  /** An access met a page that the host can no longer provide. */
  LOST_PAGE;

  /** Returns the word shown to people and in metrics, such as {@code lost-page}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
