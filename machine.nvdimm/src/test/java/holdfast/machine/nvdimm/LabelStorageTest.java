package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.machine.nvdimm.labels.LabelStorage;
import holdfast.machine.nvdimm.labels.NamespaceLabel;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The label writer of the tests, before it is used to judge anything. */
class LabelStorageTest {
  @Test
  @DisplayName("what the label writer wrote its reader reads, and a changed bit is found")
  void writtenIsRead() {
    for (int size : new int[] {128 << 10, 2 << 20, 131_073}) {
      LabelStorage storage = new LabelStorage(size);
      List<NamespaceLabel> labels =
          List.of(label(0, "first"), label(3, ""), label(storage.slots() - 1, "last"));
      byte[] area = Arrays.copyOf(storage.image(labels), size);
      assertEquals(new LabelStorage.Content(2, labels, List.of()), storage.read(area));
      area[21] ^= 1;
      LabelStorage.Content other = storage.read(area);
      assertEquals(1, other.sequence());
      assertEquals(labels, other.labels());
      assertEquals(List.of("index block 0: wrong checksum"), other.faults());
    }
    assertEquals(510, new LabelStorage(128 << 10).slots());
    assertEquals(0, new LabelStorage(128 << 10).read(new byte[128 << 10]).sequence());
  }

  private static NamespaceLabel label(int slot, String name) {
    return new NamespaceLabel(
        UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
        name,
        NamespaceLabel.cookie(0x123456),
        4096,
        1 << 20,
        slot,
        NamespaceLabel.PMEM,
        NamespaceLabel.RAW);
  }
}
