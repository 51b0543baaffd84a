package holdfast.itest.dax;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Looks in a file for the records that a guest reported before the power was cut. Run by itself,
 * with a plain Java: what it finds owes nothing to the code under test.
 */
final class RecordReader {
  private RecordReader() {}

  /**
   * Prints, for each three arguments, a line {@code ID SURVIVED FIRST_LOST}; the last is 0 if none
   * was lost.
   *
   * @param arguments again and again: the backend's id, its file, how many bytes of it the guest
   *     sees, the number of the last record reported
   */
  public static void main(String[] arguments) throws IOException {
    for (int at = 0; at + 3 < arguments.length; at += 4) {
      String id = arguments[at];
      long size = Long.parseLong(arguments[at + 2]);
      long last = Long.parseLong(arguments[at + 3]);
      try (FileChannel file =
          FileChannel.open(Path.of(arguments[at + 1]), StandardOpenOption.READ)) {
        long survived = 0;
        long firstLost = 0;
        for (long number = 1; number <= last; number++) {
          if (isThere(file, new GuestRecord(id, number), size)) {
            survived++;
          } else if (firstLost == 0) {
            firstLost = number;
          }
        }
        System.out.println(id + " " + survived + " " + firstLost);
      }
    }
  }

  private static boolean isThere(FileChannel file, GuestRecord record, long size)
      throws IOException {
    ByteBuffer found = ByteBuffer.allocate(GuestRecord.SIZE);
    while (found.hasRemaining()) {
      if (file.read(found, record.offset(size) + found.position()) < 0) {
        return false;
      }
    }
    return MemorySegment.ofBuffer(found.flip()).mismatch(record.bytes()) < 0;
  }
}
