package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.core.Holdfast;
import holdfast.machine.nvdimm.labels.DsmPage;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is asked and answered over the shared page, of a real machine. */
@Timeout(120)
class NvdimmDsmTest {
  private static final int LABEL = 131_073;
  private static final int WITH_LABEL = 1;
  private static final int WITHOUT = 2;
  private static final int READ_ONLY = 3;
  private static final int DIMM = 4;
  private static final int EMPTY = 5;
  private static final int PRIVATE = 0x10000;
  private static final GuestAddress PAGE = new GuestAddress(0x5000);

  @TempDir Path folder;

  private Holdfast machine;
  private NvdimmDsm dsm;
  private DsmPage page;
  private FitReader fit = FitReader.NONE;

  @BeforeEach
  void open() throws Exception {
    Path file = folder.resolve("ro");
    Files.write(file, new byte[NvdimmMachine.SIZE]);
    machine =
        new NvdimmMachine()
            .plain("label-size=" + LABEL)
            .plain("")
            .device(
                "memory-backend-file,readonly=on,share=on,mem-path=" + file,
                "nvdimm,unarmed=on,label-size=" + LABEL)
            .device("memory-backend-ram", "pc-dimm")
            .open();
    dsm = NvdimmDsm.open(machine.memory(), offset -> fit.read(offset));
    page = new DsmPage(dsm, machine.memory().segment(PAGE, new ByteSize(NvdimmDsm.PAGE_SIZE)));
  }

  @AfterEach
  void close() {
    dsm.close();
    machine.close();
  }

  @Test
  @DisplayName("function 0 tells of the label functions of a device with a label, and of no others")
  void functions() {
    assertEquals(0x71, page.ask(WITH_LABEL, 1, 0));
    assertEquals(8, page.at(0));
    assertEquals(0x71, page.ask(READ_ONLY, 1, 0));
    for (int handle : new int[] {0, WITHOUT, DIMM, EMPTY, 0x10001, -1}) {
      assertEquals(0, page.ask(handle, 1, 0), "" + handle);
      assertEquals(8, page.at(0));
    }
    assertEquals(3, page.ask(PRIVATE, 1, 0));
  }

  @Test
  @DisplayName(
      "another revision, an unknown function and one that needs a label are not supported; no device is 2")
  void refusals() {
    for (int handle : new int[] {0, WITH_LABEL, EMPTY, PRIVATE}) {
      assertEquals(1, page.ask(handle, 2, 0), "revision 2 of " + handle);
      assertEquals(8, page.at(0));
    }
    for (int function : new int[] {1, 2, 3, 7, 8, -1}) {
      assertEquals(1, page.ask(WITH_LABEL, 1, function), "" + function);
      assertEquals(1, page.ask(0, 1, function), "" + function);
      assertEquals(2, page.ask(EMPTY, 1, function), "" + function);
    }
    for (int function : new int[] {4, 5, 6}) {
      assertEquals(1, page.ask(WITHOUT, 1, function, 0, 4));
      assertEquals(2, page.ask(EMPTY, 1, function, 0, 4));
      assertEquals(2, page.ask(DIMM, 1, function, 0, 4), "a pc-dimm is no NVDIMM");
      assertEquals(1, page.ask(0, 1, function, 0, 4));
      assertEquals(1, page.ask(PRIVATE, 1, function, 0, 4));
    }
    assertEquals(1, page.ask(PRIVATE, 1, 2));
  }

  @Test
  @DisplayName("function 4 tells the size, and that 4076 bytes are the greatest transfer")
  void labelSize() {
    assertEquals(0, page.ask(WITH_LABEL, 1, 4));
    assertEquals(16, page.at(0));
    assertEquals(LABEL, page.at(8));
    assertEquals(4076, page.at(12));
  }

  @Test
  @DisplayName(
      "what function 6 wrote function 5 reads, in transfers of up to 4076 bytes, as far as the last byte")
  void readAndWrite() {
    byte[] label = new byte[LABEL];
    new java.util.Random(1).nextBytes(label);
    page.write(WITH_LABEL, 0, label);
    assertEquals(8, page.at(0));
    assertArrayEquals(label, page.read(WITH_LABEL, 0, LABEL));
    assertEquals(0, page.ask(WITH_LABEL, 1, 5, LABEL - 4076, 4076));
    assertEquals(8 + 4076, page.at(0));
    MemorySegment area = NvdimmMachine.find(machine, "nv0").label().orElseThrow();
    assertEquals(-1, area.mismatch(MemorySegment.ofArray(label)));
  }

  @Test
  @DisplayName(
      "a range that overflows, leaves the label or is too long is invalid; length 0 is a success")
  void ranges() {
    int[][] invalid = {
      {-1, 1},
      {-1, -1},
      {1, -1},
      {0, 4077},
      {LABEL, 1},
      {LABEL - 1, 2},
      {LABEL - 4075, 4076},
      {LABEL + 1, 0},
      {-1, 0},
      {Integer.MIN_VALUE, Integer.MIN_VALUE}
    };
    for (int[] range : invalid) {
      assertEquals(3, page.ask(WITH_LABEL, 1, 5, range[0], range[1]), "read " + range[0]);
      assertEquals(3, page.ask(WITH_LABEL, 1, 6, range[0], range[1]), "write " + range[0]);
      assertEquals(3, page.ask(READ_ONLY, 1, 6, range[0], range[1]), "the range is judged first");
      assertEquals(8, page.at(0));
    }
    for (int offset : new int[] {0, 1, LABEL - 1, LABEL}) {
      assertEquals(0, page.ask(WITH_LABEL, 1, 5, offset, 0));
      assertEquals(8, page.at(0));
      assertEquals(0, page.ask(WITH_LABEL, 1, 6, offset, 0));
    }
    assertEquals(1, page.ask(READ_ONLY, 1, 6, 0, 4), "it can't be written");
    assertEquals(0, page.ask(READ_ONLY, 1, 5, 0, 4));
  }

  @Test
  @DisplayName("the FIT is read in parts of up to 4088 bytes, with its owner's status")
  void readFit() {
    byte[] whole = new byte[5000];
    new java.util.Random(2).nextBytes(whole);
    MemorySegment bytes = MemorySegment.ofArray(whole);
    fit =
        offset ->
            offset > whole.length
                ? new FitReader.Part(FitReader.INVALID, MemorySegment.NULL)
                : new FitReader.Part(FitReader.SUCCESS, bytes.asSlice(offset));
    assertEquals(0, page.ask(PRIVATE, 1, 1, 0));
    assertEquals(4096, page.at(0));
    assertEquals(-1, page.page().asSlice(8).mismatch(bytes.asSlice(0, 4088)));
    assertEquals(0, page.ask(PRIVATE, 1, 1, 4088));
    assertEquals(8 + 5000 - 4088, page.at(0));
    assertEquals(0, page.ask(PRIVATE, 1, 1, 5000));
    assertEquals(8, page.at(0), "the end");
    assertEquals(3, page.ask(PRIVATE, 1, 1, -1));
    fit = offset -> new FitReader.Part(FitReader.CHANGED, MemorySegment.NULL);
    assertEquals(0x100, page.ask(PRIVATE, 1, 1, 4088));
    fit =
        offset -> {
          throw new IllegalArgumentException("a fault of the tables' owner");
        };
    assertEquals(6, page.ask(PRIVATE, 1, 1, 0));
    fit = FitReader.NONE;
    assertEquals(1, page.ask(PRIVATE, 1, 1, 0));
  }

  @Test
  @DisplayName(
      "a page given as a guest address is answered like one given as memory; where there is none, nothing is")
  void guestAddress() {
    page.lay(WITH_LABEL, 1, 4);
    assertTrue(dsm.answer(PAGE));
    assertEquals(16, page.at(0));
    assertEquals(LABEL, page.at(8));
    for (long address : new long[] {0x40_0000_0000L, (16 << 20) - 100, 0xffff_ffffL}) {
      assertFalse(dsm.answer(new GuestAddress(address)), "" + address);
    }
    MemorySegment other = MemorySegment.ofArray(new byte[100]);
    assertThrows(IllegalArgumentException.class, () -> dsm.answer(other));
    MemorySegment readOnly = page.page().asReadOnly();
    assertThrows(IllegalArgumentException.class, () -> dsm.answer(readOnly));
  }

  @Test
  @DisplayName("a device that is plugged can be asked, one that is unplugged is no device")
  void plugAndUnplug() throws Exception {
    assertEquals(2, page.ask(EMPTY, 1, 4));
    machine.admin().addObject("memory-backend-ram", Map.of("id", "more", "size", "1M"));
    machine
        .admin()
        .plug("nvdimm", Map.of("id", "nv9", "memdev", "more", "label-size", "128K", "slot", "4"));
    assertEquals(128 << 10, page.labelSize(EMPTY));
    LabelArea area = dsm.label(EMPTY - 1).orElseThrow();
    machine.admin().unplug("nv9");
    assertEquals(2, page.ask(EMPTY, 1, 4));
    assertEquals(0, page.ask(EMPTY, 1, 0));
    machine
        .admin()
        .plug("nvdimm", Map.of("id", "nv9", "memdev", "more", "label-size", "128K", "slot", "4"));
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[] {7}), "its backend is another's");
    assertEquals(LabelOutcome.GONE, area.read(0, new byte[8]));
    LabelArea next = dsm.label(EMPTY - 1).orElseThrow();
    byte[] first = {1};
    assertEquals(LabelOutcome.DONE, next.read(0, first));
    assertEquals(0, first[0]);
    machine.admin().unplug("nv9");
    machine.admin().removeObject("more");
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[8]), "its memory has ended");
    assertEquals(LabelOutcome.GONE, area.read(0, new byte[8]));
  }

  @Test
  @DisplayName("after close there is no device, and no label area that was found before")
  void afterClose() {
    LabelArea area = dsm.label(0).orElseThrow();
    dsm.close();
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[8]));
    assertTrue(dsm.label(0).isEmpty());
    assertEquals(2, page.ask(WITH_LABEL, 1, 4));
  }

  @Test
  @DisplayName("after the machine's end nothing is answered and nothing thrown")
  void afterTheEnd() {
    LabelArea area = dsm.label(0).orElseThrow();
    machine.close();
    assertFalse(dsm.answer(page.page()));
    assertFalse(dsm.answer(PAGE));
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[8]));
  }
}
