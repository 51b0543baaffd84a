package holdfast.machine.nvdimm.labels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A label area as a whole (UEFI 2.9, 13.19.2): two index blocks, of which the newer one counts, and
 * labels behind them. Written from the specification, for tests alone.
 */
public final class LabelStorage {
  private static final byte[] SIGNATURE = "NAMESPACE_INDEX\0".getBytes(StandardCharsets.US_ASCII);
  private static final int INDEX_UNIT = 256;
  private static final int CHECKSUM = 64;
  private static final int FREE = 72;

  /** Labels of 256 bytes: 1 shifted by 7 and this. */
  private static final byte LABEL_SIZE = 1;

  private final int indexBytes;
  private final int slots;

  /**
   * @param size of the label area
   */
  public LabelStorage(int size) {
    int most = size / NamespaceLabel.BYTES;
    indexBytes = (FREE + (most + 7) / 8 + INDEX_UNIT - 1) / INDEX_UNIT * INDEX_UNIT;
    slots = (size - 2 * indexBytes) / NamespaceLabel.BYTES;
  }

  /** How many labels have room. */
  public int slots() {
    return slots;
  }

  /**
   * What stands in a label area.
   *
   * @param sequence the number of the index block that counts, 0 if there is none
   * @param labels those in use
   * @param faults what is wrong, a sentence each
   */
  public record Content(int sequence, List<NamespaceLabel> labels, List<String> faults) {}

  /**
   * The beginning of a label area with these labels: both index blocks, and as many labels as the
   * last one needs. The rest need not be written.
   */
  public byte[] image(List<NamespaceLabel> labels) {
    int last = labels.stream().mapToInt(NamespaceLabel::slot).max().orElse(-1);
    ByteBuffer image = ByteBuffer.allocate(2 * indexBytes + (last + 1) * NamespaceLabel.BYTES);
    image.put(index(0, 2, labels)).put(index(1, 1, labels));
    for (NamespaceLabel label : labels) {
      image.put(2 * indexBytes + label.slot() * NamespaceLabel.BYTES, label.bytes());
    }
    return image.array();
  }

  private byte[] index(int number, int sequence, List<NamespaceLabel> labels) {
    ByteBuffer out = ByteBuffer.allocate(indexBytes).order(ByteOrder.LITTLE_ENDIAN);
    out.put(SIGNATURE).put(new byte[3]).put(LABEL_SIZE).putInt(sequence);
    out.putLong((long) number * indexBytes).putLong(indexBytes);
    out.putLong((long) (1 - number) * indexBytes).putLong(2L * indexBytes);
    out.putInt(slots).putShort((short) 1).putShort((short) 2);
    for (int slot = 0; slot < slots; slot++) {
      setFree(out, slot, true);
    }
    labels.forEach(label -> setFree(out, label.slot(), false));
    out.putLong(CHECKSUM, Fletcher64.of(out.array(), CHECKSUM));
    return out.array();
  }

  private static void setFree(ByteBuffer index, int slot, boolean free) {
    int at = FREE + slot / 8;
    int bit = 1 << slot % 8;
    index.put(at, (byte) (free ? index.get(at) | bit : index.get(at) & ~bit));
  }

  /** Reads a whole label area. */
  public Content read(byte[] area) {
    List<String> faults = new ArrayList<>();
    int[] sequences = new int[2];
    for (int number = 0; number < 2; number++) {
      int at = number * indexBytes;
      byte[] block = Arrays.copyOfRange(area, at, at + indexBytes);
      Optional<String> fault = fault(number, block);
      fault.ifPresent(faults::add);
      sequences[number] = fault.isPresent() ? 0 : sequence(block);
    }
    int current = newer(sequences[0], sequences[1]);
    List<NamespaceLabel> labels = new ArrayList<>();
    if (sequences[current] != 0) {
      readLabels(area, current, labels, faults);
    }
    return new Content(sequences[current], List.copyOf(labels), List.copyOf(faults));
  }

  private void readLabels(
      byte[] area, int current, List<NamespaceLabel> labels, List<String> faults) {
    for (int slot = 0; slot < slots; slot++) {
      if ((area[current * indexBytes + FREE + slot / 8] & 1 << slot % 8) != 0) {
        continue;
      }
      int at = 2 * indexBytes + slot * NamespaceLabel.BYTES;
      Optional<NamespaceLabel> label =
          NamespaceLabel.of(Arrays.copyOfRange(area, at, at + NamespaceLabel.BYTES));
      label.ifPresent(labels::add);
      if (label.isEmpty()) {
        faults.add("label " + slot + ": wrong checksum");
      } else if (label.get().slot() != slot) {
        faults.add("label " + slot + ": says it were in slot " + label.get().slot());
      }
    }
  }

  private static int sequence(byte[] block) {
    return ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).getInt(20);
  }

  private Optional<String> fault(int number, byte[] block) {
    ByteBuffer in = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    String index = "index block " + number + ": ";
    if (!Arrays.equals(SIGNATURE, 0, 16, block, 0, 16)) {
      return Optional.of(index + "no signature");
    }
    if (in.getLong(CHECKSUM) != Fletcher64.of(block, CHECKSUM)) {
      return Optional.of(index + "wrong checksum");
    }
    boolean places =
        in.getLong(24) == (long) number * indexBytes
            && in.getLong(32) == indexBytes
            && in.getLong(40) == (long) (1 - number) * indexBytes
            && in.getLong(48) == 2L * indexBytes
            && in.getInt(56) == slots;
    if (!places || block[19] != LABEL_SIZE || in.getShort(60) != 1 || in.getShort(62) != 2) {
      return Optional.of(index + "other places, sizes or version than expected");
    }
    return Optional.empty();
  }

  /** Which block is the newer one; the numbers go from 1 to 3 and then to 1 again. */
  private static int newer(int first, int second) {
    if (first == 0 || second == 0) {
      return first == 0 ? 1 : 0;
    }
    return second == first % 3 + 1 ? 1 : 0;
  }
}
