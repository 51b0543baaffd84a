package holdfast.backend.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One mapping of this process as {@code /proc/self/smaps} shows it, proc(5).
 *
 * @param range its addresses
 * @param permissions for example {@code rw-s}; {@code ---p} for a guard page
 * @param path the file, with {@code " (deleted)"} behind it if it has no name any more; empty for
 *     anonymous memory
 * @param residentKiB how much of it is present in memory
 * @param vmFlags the two-letter flags
 */
public record HostMapping(
    AddressRange range, String permissions, String path, long residentKiB, List<String> vmFlags) {
  private static final Path SMAPS = Path.of("/proc/self/smaps");
  private static final int HEADER_FIELDS = 6;

  /** The mapping that holds {@code address}; empty if nothing is mapped there. */
  public static Optional<HostMapping> at(long address) {
    List<String> lines = new ArrayList<>();
    try (BufferedReader smaps = Files.newBufferedReader(SMAPS, StandardCharsets.ISO_8859_1)) {
      for (String line = smaps.readLine(); line != null; line = smaps.readLine()) {
        lines.add(line);
        if (line.startsWith("VmFlags:")) {
          HostMapping mapping = parse(lines);
          if (mapping.range.holds(address)) {
            return Optional.of(mapping);
          }
          lines.clear();
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static HostMapping parse(List<String> lines) {
    String[] header = lines.getFirst().split(" +", HEADER_FIELDS);
    String[] addresses = header[0].split("-", 2);
    long resident = 0;
    for (String line : lines) {
      if (line.startsWith("Rss:")) {
        resident = Long.parseLong(line.split(" +")[1]);
      }
    }
    String[] flags = lines.getLast().split(" +");
    return new HostMapping(
        new AddressRange(
            Long.parseUnsignedLong(addresses[0], 16), Long.parseUnsignedLong(addresses[1], 16)),
        header[1],
        header.length == HEADER_FIELDS ? header[HEADER_FIELDS - 1].strip() : "",
        resident,
        List.of(flags).subList(1, flags.length));
  }
}
