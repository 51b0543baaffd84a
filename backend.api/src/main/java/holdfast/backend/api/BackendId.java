package holdfast.backend.api;

import java.util.regex.Pattern;

/**
 * The {@code id} of a memory backend: an ASCII letter, then letters, digits, {@code -}, {@code .}
 * and {@code _}. QEMU has the same rule for ids.
 */
public record BackendId(String value) implements Comparable<BackendId> {
  private static final Pattern WELL_FORMED = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");

  /**
   * @throws IllegalArgumentException if {@code value} is not an identifier
   */
  public BackendId {
    if (!isWellFormed(value)) {
      throw new IllegalArgumentException(
          "'" + value + "' is not an id: a letter, then letters, digits, '-', '.' or '_'");
    }
  }

  /** Returns whether {@code value} can be an id. */
  public static boolean isWellFormed(String value) {
    return WELL_FORMED.matcher(value).matches();
  }

  @Override
  public int compareTo(BackendId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
