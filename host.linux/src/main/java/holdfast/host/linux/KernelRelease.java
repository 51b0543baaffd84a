package holdfast.host.linux;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The version of a Linux kernel.
 *
 * @param major such as 6
 * @param minor such as 18
 * @param patch such as 44; 0 if the release names none
 */
public record KernelRelease(int major, int minor, int patch) implements Comparable<KernelRelease> {
  private static final Pattern RELEASE =
      Pattern.compile("(\\d{1,6})\\.(\\d{1,6})(?:\\.(\\d{1,6}))?.*");
  private static final Comparator<KernelRelease> ORDER =
      Comparator.comparingInt(KernelRelease::major)
          .thenComparingInt(KernelRelease::minor)
          .thenComparingInt(KernelRelease::patch);

  /**
   * Parses the release that uname(2) returns.
   *
   * @param text such as {@code 6.18.44-generic}
   * @return empty if it doesn't begin with a version
   */
  public static Optional<KernelRelease> of(String text) {
    Matcher matcher = RELEASE.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String patch = matcher.group(3);
    return Optional.of(
        new KernelRelease(
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)),
            patch == null ? 0 : Integer.parseInt(patch)));
  }

  @Override
  public int compareTo(KernelRelease other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + patch;
  }
}
