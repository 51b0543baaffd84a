package holdfast.backend.mmap.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The VmFlags of all mappings of this process at one moment, from {@code /proc/self/smaps}
 * (proc(5)). The kernel makes that file by walking all page tables of the process, however little
 * of it is wanted.
 */
final class Smaps {
  private static final Path SMAPS = Path.of("/proc/self/smaps");
  private static final String LINE = "VmFlags:";

  private final long begun = System.nanoTime();
  private final NavigableMap<Long, Mapping> byFirst = new TreeMap<>(Long::compareUnsigned);
  private VmFlags ofOthers = new VmFlags("(not shown by this kernel)");

  private record Mapping(long end, VmFlags flags) {}

  /** Takes the mappings one after the other. */
  private interface Reader {
    /** Takes a mapping; returns whether the next one is wanted, too. */
    boolean take(long from, long end, VmFlags flags);
  }

  private Smaps() {}

  /** Reads the flags of all mappings. */
  static Smaps read() {
    return read(SMAPS);
  }

  static Smaps read(Path smaps) {
    Smaps all = new Smaps();
    try {
      read(
          smaps,
          (from, end, flags) -> {
            all.byFirst.put(from, new Mapping(end, flags));
            return true;
          });
    } catch (IOException e) {
      all.ofOthers = unreadable(smaps, e);
    }
    return all;
  }

  /** Reads the flags of the mapping that contains {@code address}, and no further. */
  static VmFlags at(long address) {
    return at(address, SMAPS);
  }

  static VmFlags at(long address, Path smaps) {
    Smaps one = new Smaps();
    try {
      read(
          smaps,
          (from, end, flags) -> {
            if (Long.compareUnsigned(address, end) >= 0) {
              return true;
            }
            one.byFirst.put(from, new Mapping(end, flags));
            return false;
          });
    } catch (IOException e) {
      return unreadable(smaps, e);
    }
    return one.flags(address);
  }

  private static VmFlags unreadable(Path smaps, IOException e) {
    return new VmFlags("(" + smaps + " can't be read: " + e.getMessage() + ")");
  }

  private static void read(Path smaps, Reader reader) throws IOException {
    try (BufferedReader in = Files.newBufferedReader(smaps, StandardCharsets.ISO_8859_1)) {
      long from = 0;
      long end = 0;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        int dash = begins(line) ? line.indexOf('-') : -1;
        if (dash > 0) {
          from = Long.parseUnsignedLong(line, 0, dash, 16);
          end = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' ', dash), 16);
        } else if (line.startsWith(LINE)
            && !reader.take(from, end, new VmFlags(line.substring(LINE.length()).strip()))) {
          return;
        }
      }
    }
  }

  /** Returns whether a mapping begins: with an address; the others begin with a capital letter. */
  private static boolean begins(String line) {
    char first = line.isEmpty() ? 0 : line.charAt(0);
    return first >= '0' && first <= '9' || first >= 'a' && first <= 'f';
  }

  /** Returns whether all of this was read after {@code moment}, a value of System.nanoTime. */
  boolean isSince(long moment) {
    return begun - moment >= 0;
  }

  /** Returns the flags of the mapping that contains {@code address}. */
  VmFlags flags(long address) {
    Map.Entry<Long, Mapping> below = byFirst.floorEntry(address);
    return below != null && Long.compareUnsigned(address, below.getValue().end()) < 0
        ? below.getValue().flags()
        : ofOthers;
  }
}
