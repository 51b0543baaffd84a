package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.machine.core.Holdfast;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code _LSI}, {@code _LSR} and {@code _LSW} without a page. */
class LabelMethodsTest {
  private static final int LABEL = 131_073;

  @TempDir Path folder;

  private static LabelStatus lsr(LabelMethods methods, int slot, long offset, long length) {
    LabelMethods.Data data = methods.lsr(slot, offset, length);
    assertEquals(data.status() == LabelStatus.SUCCESS ? length : 0, data.data().byteSize());
    return data.status();
  }

  @Test
  @DisplayName(
      "_LSI, _LSR and _LSW do what the functions do, with status codes of their own: a wrong range is 2 and not 3, which would say that labels are locked")
  void methods() throws Exception {
    Path file = folder.resolve("ro");
    Files.write(file, new byte[NvdimmMachine.SIZE]);
    try (Holdfast machine =
            new NvdimmMachine()
                .plain("label-size=" + LABEL)
                .plain("")
                .device(
                    "memory-backend-file,readonly=on,share=on,mem-path=" + file,
                    "nvdimm,unarmed=on,label-size=128K")
                .open();
        NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
      LabelMethods methods = dsm.methods();
      assertEquals(new LabelMethods.Information(LabelStatus.SUCCESS, LABEL, 4076), methods.lsi(0));
      for (int slot : new int[] {-1, 1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        assertEquals(new LabelMethods.Information(LabelStatus.FAILURE, 0, 0), methods.lsi(slot));
        assertEquals(LabelStatus.FAILURE, lsr(methods, slot, 0, 4));
        assertEquals(
            LabelStatus.FAILURE, methods.lsw(slot, 0, 4, MemorySegment.ofArray(new byte[4])));
      }
      MemorySegment data = MemorySegment.ofArray(new byte[4076]);
      data.fill((byte) 7);
      assertEquals(LabelStatus.SUCCESS, methods.lsw(0, LABEL - 4076, 4076, data));
      assertEquals(LabelStatus.SUCCESS, methods.lsw(0, LABEL, 0, data));
      LabelMethods.Data read = methods.lsr(0, LABEL - 4077, 2);
      assertEquals(LabelStatus.SUCCESS, read.status());
      assertEquals(0, read.data().get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(7, read.data().get(ValueLayout.JAVA_BYTE, 1));
      long[][] invalid = {
        {-1, 1},
        {0, -1},
        {0, 4077},
        {LABEL, 1},
        {LABEL - 1, 2},
        {1L << 32, 4},
        {Long.MAX_VALUE, 4076},
        {Long.MIN_VALUE, 4},
        {0, 1L << 32}
      };
      for (long[] range : invalid) {
        assertEquals(LabelStatus.INVALID_INPUT, lsr(methods, 0, range[0], range[1]));
        assertEquals(LabelStatus.INVALID_INPUT, methods.lsw(0, range[0], range[1], data));
      }
      assertEquals(
          LabelStatus.INVALID_INPUT, methods.lsw(0, 0, 5, MemorySegment.ofArray(new byte[4])));
      assertEquals(2, LabelStatus.INVALID_INPUT.value());
      assertEquals(LabelStatus.FAILURE, methods.lsw(2, 0, 4, data));
      assertEquals(LabelStatus.SUCCESS, lsr(methods, 2, 0, 4));
    }
  }
}
