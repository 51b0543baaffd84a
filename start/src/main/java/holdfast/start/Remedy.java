package holdfast.start;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** What to do where a start failed, by what the system said of it. */
enum Remedy {
  /** EMFILE: the process may have no more files open. */
  OPEN_FILES("Too many open files", "raise the limit of open files (ulimit -n) to 256 or more"),

  /** EFBIG: the process may write no file as long as that. */
  FILE_SIZE("File too large", "raise the limit of a file's size (ulimit -f) to 16M or more"),

  /** Whatever else a place lacks. */
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
   * The advice that helps where each place was refused: a limit of the process is one everywhere,
   * and comes first.
   */
  static String against(Collection<String> reasons) {
    List<Remedy> found = reasons.stream().map(Remedy::of).distinct().sorted().toList();
    return found.isEmpty() ? ANOTHER_FOLDER.advice : found.getFirst().advice;
  }

  /** The advice against a limit that these sentences tell of; empty if they tell of none. */
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
