package holdfast.host.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The address ranges and descriptors that a libc provided and has not got back. Thread-safe. */
final class ResourceLedger {
  private final TreeMap<Long, Long> ranges = new TreeMap<>();
  private final Set<Integer> descriptors = new TreeSet<>();

  synchronized void addRange(long from, long to) {
    removeRange(from, to);
    ranges.put(from, to);
  }

  synchronized void removeRange(long from, long to) {
    // copies of the entries, since removing one may move another one's key and value into its
    // object
    for (Map.Entry<Long, Long> range : Map.copyOf(ranges.headMap(to)).entrySet()) {
      if (range.getValue() > from) {
        ranges.remove(range.getKey());
        if (range.getKey() < from) {
          ranges.put(range.getKey(), from);
        }
        if (range.getValue() > to) {
          ranges.put(to, range.getValue());
        }
      }
    }
  }

  synchronized void addDescriptor(int fd) {
    descriptors.add(fd);
  }

  synchronized void removeDescriptor(int fd) {
    descriptors.remove(fd);
  }

  /** Returns the ranges held, adjacent ones joined, in the order of their addresses. */
  synchronized List<AddressRange> ranges() {
    List<AddressRange> joined = new ArrayList<>();
    for (Map.Entry<Long, Long> range : ranges.entrySet()) {
      AddressRange next = new AddressRange(range.getKey(), range.getValue());
      if (!joined.isEmpty() && joined.getLast().to() == next.from()) {
        next = new AddressRange(joined.removeLast().from(), next.to());
      }
      joined.add(next);
    }
    return joined;
  }

  synchronized Set<Integer> descriptors() {
    return Set.copyOf(descriptors);
  }
}
