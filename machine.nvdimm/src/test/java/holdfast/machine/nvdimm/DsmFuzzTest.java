package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import holdfast.machine.nvdimm.labels.DsmPage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever a guest asks for: millions of requests, of a known seed, held against a model. */
@Timeout(300)
class DsmFuzzTest {
  private static final int LABEL = 131_073;
  private static final int REQUESTS = 3_000_000;
  private static final byte GUARD = 0x5a;
  private static final int FIT = 9000;
  private static final GuestAddress PAGE = new GuestAddress(0x5000);

  private static final int[] HANDLES = {0, 1, 1, 1, 1, 2, 3, 0x10000, 0x10001, -1};
  private static final int[] NUMBERS = {
    0,
    1,
    2,
    4,
    4075,
    4076,
    4077,
    4088,
    4096,
    LABEL - 4076,
    LABEL - 1,
    LABEL,
    LABEL + 1,
    FIT,
    -1,
    -2,
    -4076,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE
  };

  private Holdfast machine;
  private NvdimmDsm dsm;
  private DsmPage page;
  private MemoryRegion region;

  @BeforeEach
  void open() throws MachineException {
    machine = new NvdimmMachine().plain("label-size=" + LABEL).plain("").open();
    byte[] fit = new byte[FIT];
    dsm =
        NvdimmDsm.open(
            machine.memory(),
            offset ->
                offset > FIT
                    ? new FitReader.Part(FitReader.INVALID, MemorySegment.NULL)
                    : new FitReader.Part(0, MemorySegment.ofArray(fit).asSlice(offset)));
    page = new DsmPage(dsm, machine.memory().segment(PAGE, new ByteSize(4096)));
    region = machine.region("m0").orElseThrow();
    region.segment().asSlice(0, NvdimmMachine.SIZE - LABEL).fill(GUARD);
  }

  @AfterEach
  void close() {
    dsm.close();
    machine.close();
  }

  private static int number(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt();
      case 1 -> random.nextInt(LABEL);
      case 2 -> random.nextInt(64);
      default -> NUMBERS[random.nextInt(NUMBERS.length)];
    };
  }

  /** Lays a request into the page that is often a good one. */
  private void lay(Random random) {
    page.lay(
        random.nextInt(20) == 0 ? number(random) : HANDLES[random.nextInt(HANDLES.length)],
        random.nextInt(20) == 0 ? number(random) : 1,
        random.nextInt(20) == 0 ? number(random) : random.nextInt(8),
        number(random),
        random.nextBoolean() ? random.nextInt(200) : number(random));
    page.page().set(ValueLayout.JAVA_LONG_UNALIGNED, 20, random.nextLong());
    page.page().set(ValueLayout.JAVA_LONG_UNALIGNED, 4088, random.nextLong());
  }

  /** What must be answered, as section by section the interface says. */
  private int[] expected(byte[] request, byte[] label) {
    MemorySegment in = MemorySegment.ofArray(request);
    int handle = in.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
    int function = in.get(ValueLayout.JAVA_INT_UNALIGNED, 8);
    long offset = Integer.toUnsignedLong(in.get(ValueLayout.JAVA_INT_UNALIGNED, 12));
    long length = Integer.toUnsignedLong(in.get(ValueLayout.JAVA_INT_UNALIGNED, 16));
    if (in.get(ValueLayout.JAVA_INT_UNALIGNED, 4) != 1) {
      return new int[] {8, 1};
    }
    if (handle == 0x10000 && function == 1) {
      return offset > FIT
          ? new int[] {8, 3}
          : new int[] {(int) Math.min(4096, 8 + FIT - offset), 0};
    }
    if (function == 0) {
      return new int[] {8, handle == 1 ? 0x71 : handle == 0x10000 ? 3 : 0};
    }
    if (handle != 1) {
      return new int[] {8, handle == 0 || handle == 2 || handle == 0x10000 ? 1 : 2};
    }
    if (function == 4) {
      return new int[] {16, 0, LABEL, 4076};
    }
    if (function != 5 && function != 6) {
      return new int[] {8, 1};
    }
    if (offset + length > LABEL || length > 4076) {
      return new int[] {8, 3};
    }
    if (function == 6) {
      System.arraycopy(request, 20, label, (int) offset, (int) length);
      return new int[] {8, 0};
    }
    return new int[] {(int) (8 + length), 0};
  }

  private void assertOutsideUntouched() {
    byte[] outside = new byte[NvdimmMachine.SIZE - LABEL];
    Arrays.fill(outside, GUARD);
    MemorySegment found = region.segment().asSlice(0, outside.length);
    assertEquals(-1, found.mismatch(MemorySegment.ofArray(outside)));
    MemorySegment other = machine.region("m1").orElseThrow().segment();
    assertEquals(-1, other.mismatch(MemorySegment.ofArray(new byte[NvdimmMachine.SIZE])));
  }

  @Test
  @DisplayName(
      "each of millions of requests has the answer that a model of the interface has, and no byte outside the label is touched")
  void millionsOfRequests() {
    Random random = new Random(20_261_129);
    byte[] label = new byte[LABEL];
    byte[] request = new byte[4096];
    int[] answers = new int[5];
    for (int count = 0; count < REQUESTS; count++) {
      lay(random);
      MemorySegment.copy(page.page(), ValueLayout.JAVA_BYTE, 0, request, 0, 4096);
      int[] expected = expected(request, label);
      if ((count & 1) == 0) {
        page.ask();
      } else {
        assertTrue(dsm.answer(PAGE));
      }
      for (int index = 0; index < expected.length; index++) {
        if (page.at(4L * index) != expected[index]) {
          assertEquals(
              expected[index], page.at(4L * index), "request " + count + ", word " + index);
        }
      }
      answers[Math.min(4, expected[1])]++;
      int length = expected[0];
      boolean isRead = request[0] == 1 && request[8] == 5 && length > 8;
      if (isRead) {
        int offset = MemorySegment.ofArray(request).get(ValueLayout.JAVA_INT_UNALIGNED, 12);
        MemorySegment read = page.page().asSlice(8, length - 8);
        assertEquals(-1, read.mismatch(MemorySegment.ofArray(label).asSlice(offset, length - 8)));
      }
      assertEquals(
          -1,
          page.page().asSlice(length).mismatch(MemorySegment.ofArray(request).asSlice(length)),
          "behind the answer the page is as it was");
    }
    assertOutsideUntouched();
    MemoryDevice device = NvdimmMachine.find(machine, "nv0");
    assertEquals(-1, device.label().orElseThrow().mismatch(MemorySegment.ofArray(label)));
    for (int status = 0; status < 4; status++) {
      assertTrue(answers[status] > REQUESTS / 100, Arrays.toString(answers));
    }
  }

  @Test
  @DisplayName(
      "another vCPU that changes the page while a request is judged gets nothing outside the label, and nothing is thrown")
  void aPageThatChanges() throws InterruptedException {
    AtomicBoolean stopped = new AtomicBoolean();
    Thread changer =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  Random random = new Random(2);
                  while (!stopped.get()) {
                    lay(random);
                  }
                });
    int written = 0;
    for (int count = 0; count < REQUESTS / 3; count++) {
      assertTrue(dsm.answer(page.page()));
      written += page.at(0) == 8 && page.at(4) == 0 ? 1 : 0;
    }
    stopped.set(true);
    assertTrue(changer.join(java.time.Duration.ofSeconds(TimeUnit.MINUTES.toSeconds(1))));
    assertTrue(written > 0, "nothing was done");
    assertOutsideUntouched();
  }
}
