package holdfast.itest.dax;

import holdfast.machine.acpi.FitChunk;
import holdfast.machine.acpi.LiveNvdimmTables;
import holdfast.machine.api.MemoryDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * Answers the requests of our tables in the least that a guest needs: the FIT, and labels that are
 * not made durable.
 *
 * @param tables of the devices
 */
record PageAnswers(LiveNvdimmTables tables) implements Consumer<MemorySegment> {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PRIVATE = 0x10000;
  private static final int UNSUPPORTED = 1;
  private static final int NO_DEVICE = 2;
  private static final int INVALID = 3;
  private static final int LABEL_FUNCTIONS = 0x71;
  private static final int MAX_TRANSFER = 4076;

  @Override
  public void accept(MemorySegment page) {
    MemorySegment request = MemorySegment.ofArray(page.toArray(ValueLayout.JAVA_BYTE));
    MemorySegment answer = answer(request);
    page.set(INT, 0, (int) (Integer.BYTES + answer.byteSize()));
    page.asSlice(Integer.BYTES, answer.byteSize()).copyFrom(answer);
  }

  private MemorySegment answer(MemorySegment request) {
    int handle = request.get(INT, 0);
    int function = request.get(INT, 8);
    if (request.get(INT, 4) != 1) {
      return ints(UNSUPPORTED);
    }
    if (handle == PRIVATE && function == 1) {
      FitChunk chunk = tables.readFit(Integer.toUnsignedLong(request.get(INT, 12)));
      return withStatus(chunk.status(), chunk.bytes());
    }
    if (handle == 0) {
      return ints(function == 0 ? 0 : UNSUPPORTED);
    }
    return tables.tables().devices().stream()
        .filter(device -> device.slot() == handle - 1)
        .findFirst()
        .map(device -> answer(device, function, request))
        .orElse(ints(NO_DEVICE));
  }

  private static MemorySegment answer(MemoryDevice device, int function, MemorySegment request) {
    MemorySegment label = device.label().orElseThrow();
    int offset = request.get(INT, 12);
    int length = request.get(INT, 16);
    return switch (function) {
      case 0 -> ints(LABEL_FUNCTIONS);
      case 4 -> ints(0, (int) label.byteSize(), MAX_TRANSFER);
      case 5, 6 -> {
        if (offset < 0
            || length < 0
            || length > MAX_TRANSFER
            || offset > label.byteSize() - length) {
          yield ints(INVALID);
        }
        MemorySegment part = label.asSlice(offset, length);
        if (function == 5) {
          yield withStatus(0, part);
        }
        part.copyFrom(request.asSlice(20, length));
        yield ints(0);
      }
      default -> ints(UNSUPPORTED);
    };
  }

  private static MemorySegment ints(int... values) {
    MemorySegment all = MemorySegment.ofArray(new byte[values.length * Integer.BYTES]);
    for (int i = 0; i < values.length; i++) {
      all.set(INT, (long) i * Integer.BYTES, values[i]);
    }
    return all;
  }

  private static MemorySegment withStatus(int status, MemorySegment data) {
    MemorySegment all = MemorySegment.ofArray(new byte[Integer.BYTES + (int) data.byteSize()]);
    all.set(INT, 0, status);
    all.asSlice(Integer.BYTES).copyFrom(data);
    return all;
  }
}
