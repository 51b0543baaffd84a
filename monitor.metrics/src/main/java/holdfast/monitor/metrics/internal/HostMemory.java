package holdfast.monitor.metrics.internal;

import holdfast.machine.admin.ObjectCounters;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much of each region is mapped, and how much of that is in memory, from {@code
 * /proc/self/smaps} (proc(5)). The kernel makes that file by walking all page tables of the
 * process, so it is read for all regions at once, no further than the last of them, and never more
 * often than once a second.
 *
 * <p>Thread-safe.
 */
public final class HostMemory {
  private static final Logger LOG = LoggerFactory.getLogger(HostMemory.class);
  private static final long VALID_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int BYTES_PER_KB = 1024;

  /** The lines that say how much is resident: pages of hugetlbfs have lines of their own. */
  private static final List<String> RESIDENT =
      List.of("Rss:", "Shared_Hugetlb:", "Private_Hugetlb:");

  private final Path smaps;
  private final LongSupplier nanoTime;
  private Map<Long, Use> last = Map.of();

  /** A moment of {@link System#nanoTime}; null before the first look. */
  private @Nullable Long looked;

  /**
   * What a region has of the host's memory.
   *
   * @param mapped how many bytes of addresses are mapped
   * @param resident how many of them are in memory and in the page table
   */
  public record Use(long mapped, long resident) {
    private static final Use NONE = new Use(0, 0);

    private Use plus(long moreMapped, long moreResident) {
      return new Use(mapped + moreMapped, resident + moreResident);
    }
  }

  HostMemory() {
    this(Path.of("/proc/self/smaps"), System::nanoTime);
  }

  HostMemory(Path smaps, LongSupplier nanoTime) {
    this.smaps = smaps;
    this.nanoTime = nanoTime;
  }

  /**
   * Returns what regions have, as it was within the last second, by the host address of each. A
   * region that came since the last look is missing, and so are all where the file can't be read.
   */
  synchronized Map<Long, Use> of(Collection<ObjectCounters> regions) {
    long now = nanoTime.getAsLong();
    if (looked == null || now - looked >= VALID_NANOS) {
      looked = now;
      try {
        last = read(regions);
      } catch (ClosedByInterruptException e) {
        looked = null; // the caller is to give up; what was seen last holds for the others
      } catch (IOException e) {
        LOG.debug("{} can't be read", smaps, e);
        last = Map.of();
      }
    }
    return last;
  }

  private Map<Long, Use> read(Collection<ObjectCounters> regions) throws IOException {
    Map<Long, Use> found = new HashMap<>();
    long end = 0;
    for (ObjectCounters region : regions) {
      found.put(region.hostAddress(), Use.NONE);
      end = Math.max(end, region.hostAddress() + region.size().bytes());
    }
    try (BufferedReader in = Files.newBufferedReader(smaps, StandardCharsets.ISO_8859_1)) {
      @Nullable Long window = null;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (isMapping(line)) {
          int dash = line.indexOf('-');
          long from = Long.parseUnsignedLong(line, 0, dash, 16);
          if (from >= end && from > 0) {
            break; // the addresses of user space are positive, and in order
          }
          window = windowOf(from, regions);
          if (window != null) {
            long to = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' ', dash), 16);
            long mapped = to - from;
            found.compute(window, (address, use) -> orNone(use).plus(mapped, 0));
          }
        } else if (window != null && RESIDENT.stream().anyMatch(line::startsWith)) {
          long resident = kilobytes(line);
          found.compute(window, (address, use) -> orNone(use).plus(0, resident));
        }
      }
    }
    return found;
  }

  private static Use orNone(@Nullable Use use) {
    return use == null ? Use.NONE : use;
  }

  /** Returns whether a line begins a mapping: the others begin with the name of what they tell. */
  private static boolean isMapping(String line) {
    return !line.isEmpty()
        && Character.digit(line.charAt(0), 16) >= 0
        && !Character.isUpperCase(line.charAt(0));
  }

  /** Returns the host address of the region in which a mapping begins; null if it is in none. */
  private static @Nullable Long windowOf(long from, Collection<ObjectCounters> regions) {
    for (ObjectCounters region : regions) {
      long offset = from - region.hostAddress();
      if (offset >= 0 && offset < region.size().bytes()) {
        return region.hostAddress();
      }
    }
    return null;
  }

  private static long kilobytes(String line) {
    String value = line.substring(line.indexOf(':') + 1).replace("kB", "").strip();
    return Long.parseLong(value) * BYTES_PER_KB;
  }
}
