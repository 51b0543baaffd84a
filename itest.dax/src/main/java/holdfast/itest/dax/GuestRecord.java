package holdfast.itest.dax;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * What a guest stores: 64 bytes that follow from the id of the memory backend and the record's
 * number, so that no other record, and nothing that a disk may hold by itself, is taken for it.
 *
 * @param id the memory backend's id
 * @param number from 1; 0 for the one in the label
 */
record GuestRecord(String id, long number) {
  /** Bytes of a record: a cache line. */
  static final int SIZE = 64;

  private static final int PAGE = 4096;

  /**
   * The distance in pages between a record and the next one. More than a large page (512), so that
   * also where the kernel maps 2 MiB at a time each record's page is a fault of its own; odd, so
   * that the records meet every page of a region before they meet one again.
   */
  private static final int STRIDE = 517;

  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The one that stands at the beginning of a label. */
  static GuestRecord ofLabel(String id) {
    return new GuestRecord(id, 0);
  }

  /** How many records a region of {@code size} bytes takes before one meets another's page. */
  static long capacity(long size) {
    return size / PAGE;
  }

  /** Where in a region of {@code size} bytes the record stands. */
  long offset(long size) {
    long line = number % (PAGE / SIZE);
    return (number - 1) * STRIDE % capacity(size) * PAGE + line * SIZE;
  }

  /** Its bytes. */
  MemorySegment bytes() {
    MemorySegment bytes = MemorySegment.ofArray(new long[SIZE / Long.BYTES]);
    SplittableRandom words = new SplittableRandom(id.hashCode() * 0x1_0000_0001L ^ number);
    bytes.set(WORD, 0, number);
    for (int at = Long.BYTES; at < SIZE; at += Long.BYTES) {
      bytes.set(WORD, at, words.nextLong());
    }
    return bytes;
  }
}
