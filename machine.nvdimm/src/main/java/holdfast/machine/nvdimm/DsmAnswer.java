package holdfast.machine.nvdimm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The answers to requests: their length in bytes, which counts itself, then what the function
 * answers, little-endian.
 */
final class DsmAnswer {
  /** Length and status. */
  private static final int HEAD = 8;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private DsmAnswer() {}

  /** Returns an answer of numbers, four bytes each. */
  private static MemorySegment of(int... numbers) {
    MemorySegment answer = MemorySegment.ofArray(new byte[4 + 4 * numbers.length]);
    answer.set(INT, 0, (int) answer.byteSize());
    for (int index = 0; index < numbers.length; index++) {
      answer.set(INT, 4 + 4L * index, numbers[index]);
    }
    return answer;
  }

  /** Returns the answer of function 0: a bit for each function that there is, and no status. */
  static MemorySegment functions(int mask) {
    return of(mask);
  }

  /** Returns a status alone. */
  static MemorySegment status(DsmStatus status) {
    return of(status.value());
  }

  /** Returns a status alone, as the tables' owner gave it. */
  static MemorySegment status(int status) {
    return of(status);
  }

  /** Returns the size of a label area, and of the greatest transfer. */
  static MemorySegment labelSize(long size, int maxTransfer) {
    return of(DsmStatus.SUCCESS.value(), (int) size, maxTransfer);
  }

  /** Returns an answer with a status of success and room for {@code length} bytes of data. */
  static MemorySegment withRoomFor(int length) {
    MemorySegment answer = MemorySegment.ofArray(new byte[HEAD + length]);
    answer.set(INT, 0, HEAD + length);
    answer.set(INT, 4, DsmStatus.SUCCESS.value());
    return answer;
  }

  /** Returns the room for data of an answer. */
  static MemorySegment data(MemorySegment answer) {
    return answer.asSlice(HEAD);
  }
}
