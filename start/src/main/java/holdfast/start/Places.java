package holdfast.start;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The places where the private folder may be created: the operator's choice first, and those that
 * use RAM last.
 */
final class Places {
  /** Java's default; it never reads TMPDIR. */
  private static final String STANDARD = "/tmp";

  private Places() {}

  /**
   * Returns the folders to try, in order.
   *
   * @param temporary the system property {@code java.io.tmpdir}
   * @param home the system property {@code user.home}
   * @param environment the environment of the process
   */
  static List<Path> of(String temporary, String home, Map<String, String> environment) {
    List<@Nullable String> wanted = new ArrayList<>();
    wanted.add(temporary.equals(STANDARD) ? null : temporary);
    wanted.add(environment.get("TMPDIR"));
    wanted.add(STANDARD);
    wanted.add(absolute(environment.get("XDG_RUNTIME_DIR")));
    @Nullable String cache = absolute(environment.get("XDG_CACHE_HOME"));
    wanted.add(cache != null ? cache : absolute(home + "/.cache"));
    wanted.add("/var/tmp");
    wanted.add("/dev/shm");
    Set<Path> places = new LinkedHashSet<>();
    for (String each : wanted) {
      if (each != null && !each.isEmpty()) {
        try {
          places.add(Path.of(each).toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
          // not a valid folder name
        }
      }
    }
    return List.copyOf(places);
  }

  /**
   * Returns a path as the XDG base directory specification requires: null if it is not absolute.
   */
  private static @Nullable String absolute(@Nullable String path) {
    return path != null && path.startsWith("/") ? path : null;
  }
}
