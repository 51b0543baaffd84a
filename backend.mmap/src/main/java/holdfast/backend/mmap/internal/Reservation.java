package holdfast.backend.mmap.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Checks in {@code /proc/self/maps} whether a range of addresses is reserved and nothing else. */
final class Reservation {
  private static final Path MAPS = Path.of("/proc/self/maps");

  /** A line of proc_pid_maps(5) for private, inaccessible memory without a file. */
  private static final Pattern NOTHING =
      Pattern.compile("([0-9a-f]+)-([0-9a-f]+) ---p 0+ 00:00 0\\s*");

  private Reservation() {}

  /**
   * Returns whether one inaccessible anonymous mapping covers the whole range; false if in doubt.
   */
  static boolean covers(long from, long to) {
    try (Stream<String> lines = Files.lines(MAPS, StandardCharsets.ISO_8859_1)) {
      return lines
          .map(NOTHING::matcher)
          .filter(Matcher::matches)
          .anyMatch(
              line ->
                  Long.compareUnsigned(Long.parseUnsignedLong(line.group(1), 16), from) <= 0
                      && Long.compareUnsigned(to, Long.parseUnsignedLong(line.group(2), 16)) <= 0);
    } catch (IOException e) {
      return false;
    }
  }
}
