package holdfast.host.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One mapping of this process, from {@code /proc/self/smaps}, proc(5).
 *
 * @param range its addresses
 * @param permissions for example {@code rw-s}; {@code ---p} for a guard page
 * @param path the file, followed by {@code " (deleted)"} if it no longer has a name; empty for
 *     anonymous memory
 * @param vmFlags the two-letter flags
 */
public record HostMapping(
    AddressRange range, String permissions, String path, List<String> vmFlags) {
  private static final Path SMAPS = Path.of("/proc/self/smaps");
  private static final Path PAGEMAP = Path.of("/proc/self/pagemap");
  private static final int HEADER_FIELDS = 6;

  /** Returns the mapping that contains {@code address}; empty if nothing is mapped there. */
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
    String[] flags = lines.getLast().split(" +");
    return new HostMapping(
        new AddressRange(
            Long.parseUnsignedLong(addresses[0], 16), Long.parseUnsignedLong(addresses[1], 16)),
        header[1],
        header.length == HEADER_FIELDS ? header[HEADER_FIELDS - 1].strip() : "",
        List.of(flags).subList(1, flags.length));
  }

  /**
   * Returns how many of its pages are present: bit 63 of their entries in {@code
   * /proc/self/pagemap}. The resident size in smaps doesn't count pages of DAX files, which are not
   * the host's memory.
   *
   * @param pageSize the host's page size in bytes
   */
  public long presentPages(long pageSize) {
    ByteBuffer entries =
        ByteBuffer.allocate((int) (range.length() / pageSize) * Long.BYTES)
            .order(ByteOrder.nativeOrder());
    try (FileChannel pagemap = FileChannel.open(PAGEMAP, StandardOpenOption.READ)) {
      long from = range.from() / pageSize * Long.BYTES;
      while (entries.hasRemaining()) {
        if (pagemap.read(entries, from + entries.position()) < 0) {
          throw new IOException(PAGEMAP + " ends before " + range);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    entries.flip();
    long present = 0;
    while (entries.hasRemaining()) {
      present += entries.getLong() >>> (Long.SIZE - 1);
    }
    return present;
  }
}
