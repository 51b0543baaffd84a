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

  private static final int ARGUMENTS = 6;

  /**
   * Prints, for each six arguments, a line {@code ID SURVIVED FIRST_LOST LABEL}: the number of the
   * first record that is not there, 0 if all are; and whether the label's record is.
   *
   * @param arguments again and again: the backend's id, the file, where in it the region begins,
   *     how many bytes of that the guest sees, where in the region the label begins (-1 without
   *     one), the number of the last record reported
   */
  public static void main(String[] arguments) throws IOException {
    for (int at = 0; at + ARGUMENTS <= arguments.length; at += ARGUMENTS) {
      System.out.println(
          look(
              arguments[at],
              Path.of(arguments[at + 1]),
              Long.parseLong(arguments[at + 2]),
              Long.parseLong(arguments[at + 3]),
              Long.parseLong(arguments[at + 4]),
              Long.parseLong(arguments[at + 5])));
    }
  }

  /** The line for one region. */
  static String look(String id, Path path, long base, long visible, long label, long last)
      throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      long survived = 0;
      long firstLost = 0;
      for (long number = 1; number <= last; number++) {
        GuestRecord record = new GuestRecord(id, number);
        if (isThere(file, record, base + record.offset(visible))) {
          survived++;
        } else if (firstLost == 0) {
          firstLost = number;
        }
      }
      boolean labelled = label >= 0 && isThere(file, GuestRecord.ofLabel(id), base + label);
      return id + " " + survived + " " + firstLost + " " + labelled;
    }
  }

  private static boolean isThere(FileChannel file, GuestRecord record, long at) throws IOException {
    ByteBuffer found = ByteBuffer.allocate(GuestRecord.SIZE);
    while (found.hasRemaining()) {
      if (file.read(found, at + found.position()) < 0) {
        return false;
      }
    }
    return MemorySegment.ofBuffer(found.flip()).mismatch(record.bytes()) < 0;
  }
}
