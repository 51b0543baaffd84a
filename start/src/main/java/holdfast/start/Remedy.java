package holdfast.start;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** The advice after a failed start, depending on the system's error. */
enum Remedy {
  /** EMFILE: the process may not open more files. */
  OPEN_FILES("Too many open files", "raise the limit of open files (ulimit -n) to 256 or more"),

  /** EFBIG: the process may not write so long a file. */
  FILE_SIZE("File too large", "raise the limit of a file's size (ulimit -f) to 16M or more"),

  /** Any other problem of a place. */
  ANOTHER_FOLDER(
      "",
      "set TMPDIR to a folder that you can write, with 16M free, on a file system that is not"
          + " mounted with noexec");

  private final String said;
  private final String advice;

  Remedy(String said, String advice) {
    this.said = said;
    this.advice = advice;
  }

  private static Remedy of(String reason) {
    return Arrays.stream(values()).filter(each -> reason.contains(each.said)).findFirst().get();
  }

  /**
   * Returns the advice for a start that was refused in each place. A limit of the process applies
   * everywhere, so advice about it comes first.
   */
  static String against(Collection<String> reasons) {
    List<Remedy> found = reasons.stream().map(Remedy::of).distinct().sorted().toList();
    return found.isEmpty() ? ANOTHER_FOLDER.advice : found.getFirst().advice;
  }

  /** Returns the advice about a limit that these sentences report; empty if they report none. */
  static String againstLimits(Collection<String> sentences) {
    return sentences.stream()
        .map(Remedy::of)
        .filter(each -> each != ANOTHER_FOLDER)
        .distinct()
        .sorted()
        .map(each -> "; " + each.advice)
        .collect(Collectors.joining());
  }
}
