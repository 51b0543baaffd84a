package holdfast.backend.mmap.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The VmFlags of one mapping of this process, from {@code /proc/self/smaps} (proc(5)). {@code sf}
 * stands for MAP_SYNC (kernel commit b6fb293f2497).
 *
 * @param text the two-letter flags, for example {@code rd wr sh mr mw me ms}; a sentence in
 *     brackets if there are none to show
 */
public record VmFlags(String text) {
  /** Stands for flags that are not needed. */
  static final VmFlags NOT_LOOKED_AT = new VmFlags("(not looked at)");

  private static final Path SMAPS = Path.of("/proc/self/smaps");
  private static final String LINE = "VmFlags:";

  /** Returns the flags of the mapping that contains {@code address} now. */
  public static VmFlags at(long address) {
    return at(address, SMAPS);
  }

  static VmFlags at(long address, Path smaps) {
    try (BufferedReader in = Files.newBufferedReader(smaps, StandardCharsets.ISO_8859_1)) {
      boolean inside = false;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (Character.digit(line.charAt(0), 16) >= 0 && line.indexOf('-') > 0) {
          if (inside) {
            break;
          }
          inside = holds(line, address);
        } else if (inside && line.startsWith(LINE)) {
          return new VmFlags(line.substring(LINE.length()).strip());
        }
      }
      return new VmFlags("(not shown by this kernel)");
    } catch (IOException e) {
      return new VmFlags("(" + smaps + " can't be read: " + e.getMessage() + ")");
    }
  }

  private static boolean holds(String header, long address) {
    int dash = header.indexOf('-');
    int end = header.indexOf(' ', dash);
    long from = Long.parseUnsignedLong(header.substring(0, dash), 16);
    long to = Long.parseUnsignedLong(header.substring(dash + 1, end), 16);
    return Long.compareUnsigned(from, address) <= 0 && Long.compareUnsigned(address, to) < 0;
  }

  /** Returns whether the kernel shows the mapping as synchronous. */
  public boolean showsSync() {
    return List.of(text.split(" ")).contains("sf");
  }

  @Override
  public String toString() {
    return text;
  }
}
