package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.TARGET_PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Puts pages into memory. A page of zeros is not stored where all bytes are zero already, so that a
 * sparse file stays sparse. Used by one thread.
 *
 * <p>Any call throws {@link InternalError} if a page of the memory is lost; it may be reported
 * late.
 */
public final class SegmentSink implements RamSink {
  /** How much is looked at at once: it stays in a processor's innermost cache. */
  private static final int PIECE = 1 << 14;

  private static final byte[] ZEROS = new byte[PIECE];

  private final Map<String, Place> places = new LinkedHashMap<>();
  private final boolean takesOthers;
  private final List<@Nullable Place> byNumber = new ArrayList<>();
  private final byte[] here = new byte[PIECE];

  /** A block's memory, and which of its pages have come. */
  private record Place(RamBlockEntry entry, MemorySegment memory, BitSet come) {}

  /**
   * @param memory where each block goes, by its name; less than 8 TiB each
   * @param takesOthers whether the sender may have more blocks, whose pages are dropped: a QEMU's
   *     machine has its ROMs among them
   */
  public SegmentSink(Map<String, MemorySegment> memory, boolean takesOthers) {
    memory.forEach(
        (name, segment) ->
            places.put(
                name,
                new Place(new RamBlockEntry(name, segment.byteSize()), segment, new BitSet())));
    this.takesOthers = takesOthers;
  }

  @Override
  public void blocks(List<RamBlockEntry> blocks) throws BlockMismatchException {
    Set<String> names = new HashSet<>();
    for (RamBlockEntry each : blocks) {
      names.add(each.name());
      Place place = places.get(each.name());
      if (place == null && !takesOthers) {
        throw new BlockMismatchException(
            each.name(),
            "the sender has a RAM block %s, the receiver has only %s: give them the same ids"
                .formatted(each, list(ours())));
      }
      if (place != null && place.entry.size() != each.size()) {
        throw new BlockMismatchException(
            each.name(),
            "the RAM block '%s' has %d bytes at the sender and %d at the receiver"
                .formatted(each.name(), each.size(), place.entry.size()));
      }
      byNumber.add(place);
    }
    for (Place place : places.values()) {
      if (!names.contains(place.entry.name())) {
        throw new BlockMismatchException(
            place.entry.name(),
            "the receiver has a RAM block %s, the sender has only %s: give them the same ids"
                .formatted(place.entry, list(blocks)));
      }
    }
  }

  private List<RamBlockEntry> ours() {
    return places.values().stream().map(Place::entry).toList();
  }

  private static String list(List<RamBlockEntry> blocks) {
    return blocks.isEmpty()
        ? "none"
        : blocks.stream().map(RamBlockEntry::toString).collect(Collectors.joining(", "));
  }

  @Override
  public void page(int block, long offset, MemorySegment content) {
    Place place = byNumber.get(block);
    if (place != null) {
      MemorySegment.copy(content, 0, place.memory, offset, TARGET_PAGE_SIZE);
      place.come.set((int) (offset / TARGET_PAGE_SIZE));
    }
  }

  @Override
  public void zero(int block, long offset, long length) {
    Place place = byNumber.get(block);
    if (place != null) {
      for (long at = offset; at < offset + length; at += PIECE) {
        zero(place.memory, at, (int) Math.min(PIECE, offset + length - at));
      }
      place.come.set(
          (int) (offset / TARGET_PAGE_SIZE), (int) ((offset + length) / TARGET_PAGE_SIZE));
    }
  }

  private void zero(MemorySegment memory, long offset, int length) {
    // SAFETY: a copy is looked at, and zeros are stored by a copy. When a page is lost because its
    // file was truncated or its disk is full, a copy turns the fault into an InternalError;
    // compiled code of MemorySegment.mismatch can end the JVM instead.
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, here, 0, length);
    if (Arrays.equals(here, 0, length, ZEROS, 0, length)) {
      return;
    }
    for (int at = 0; at < length; at += TARGET_PAGE_SIZE) {
      if (!Arrays.equals(here, at, at + TARGET_PAGE_SIZE, ZEROS, 0, TARGET_PAGE_SIZE)) {
        MemorySegment.copy(ZEROS, 0, memory, ValueLayout.JAVA_BYTE, offset + at, TARGET_PAGE_SIZE);
      }
    }
  }

  /**
   * Returns the first page that has not come, as a part of a sentence; empty if all have. Who sends
   * the whole of RAM sends each page at least once.
   */
  public Optional<String> missing() {
    for (Place place : places.values()) {
      long at = (long) place.come.nextClearBit(0) * TARGET_PAGE_SIZE;
      if (at < place.entry.size()) {
        return Optional.of(
            "the page at %d of the RAM block %s has not come".formatted(at, place.entry));
      }
    }
    return Optional.empty();
  }
}
