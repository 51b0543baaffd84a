package holdfast.start;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Where the private folder may stand. */
class PlacesTest {
  private static List<Path> paths(String... all) {
    return Stream.of(all).map(Path::of).toList();
  }

  @Test
  @DisplayName("TMPDIR, which Java doesn't look at, comes before /tmp")
  void environment() {
    assertEquals(
        paths("/a", "/tmp", "/run/user/7", "/cache", "/var/tmp", "/dev/shm"),
        Places.of(
            "/tmp",
            "/home/u",
            Map.of("TMPDIR", "/a", "XDG_RUNTIME_DIR", "/run/user/7", "XDG_CACHE_HOME", "/cache")));
  }

  @Test
  @DisplayName("what Java is told comes first; each is tried once")
  void property() {
    assertEquals(
        paths("/b", "/tmp", "/home/u/.cache", "/var/tmp", "/dev/shm"),
        Places.of("/b", "/home/u", Map.of("TMPDIR", "/tmp/../b/", "XDG_RUNTIME_DIR", "")));
  }

  @Test
  @DisplayName("a relative or empty path in a variable of XDG is as none (its specification)")
  void relative() {
    assertEquals(
        paths("/tmp", "/home/u/.cache", "/var/tmp", "/dev/shm"),
        Places.of("/tmp", "/home/u", Map.of("XDG_RUNTIME_DIR", "run", "XDG_CACHE_HOME", "./c")));
    assertEquals(
        paths("/tmp", "/home/u/.cache", "/var/tmp", "/dev/shm"),
        Places.of("/tmp", "/home/u", Map.of("XDG_CACHE_HOME", "")));
    assertEquals(paths("/tmp", "/var/tmp", "/dev/shm"), Places.of("/tmp", "?", Map.of()));
  }
}
