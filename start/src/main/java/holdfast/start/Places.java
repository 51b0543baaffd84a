package holdfast.start;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the private folder may stand: first where the operator says, last where it costs RAM. */
final class Places {
  /** What Java takes when nobody says anything; it never looks at TMPDIR. */
  private static final String STANDARD = "/tmp";

  private Places() {}

  /**
   * The folders to try, in order.
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
          // no folder has such a name
        }
      }
    }
    return List.copyOf(places);
  }

  /** A path as the XDG base directory specification wants it: one that is not absolute is none. */
  private static @Nullable String absolute(@Nullable String path) {
    return path != null && path.startsWith("/") ? path : null;
  }
}
