package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlockSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The label area of a device whose memory and persists a test has in its hands. */
@Timeout(120)
class LabelAreaTest {
  /** No alignment is asked for. */
  private static final int LABEL = 131_073;

  private static final long FIRST = FakeNvdimm.SIZE - LABEL;
  private static final byte[] WORDS = {1, 2, 3, 4, 5};

  private static final RamBlockSpec SPEC =
      RamBlockSpec.of(
          new BackendId("m0"), new Backing.Anonymous(), new ByteSize(FakeNvdimm.SIZE), List.of());

  /** Enough for the compiler. */
  private static final int MANY = 20_000;

  @TempDir Path folder;

  @Test
  @DisplayName(
      "what is written is persisted, as the label's range of the region, before it is acknowledged")
  void persisted() {
    List<String> persists = new ArrayList<>();
    MemorySegment bytes = Arena.ofAuto().allocate(FakeNvdimm.SIZE);
    FakeNvdimm device =
        new FakeNvdimm(
            bytes,
            LABEL,
            (offset, length) ->
                persists.add(
                    offset + " " + length + " " + bytes.get(ValueLayout.JAVA_BYTE, offset)));
    assertEquals(LabelOutcome.DONE, device.area().write(7, WORDS));
    assertEquals(List.of((FIRST + 7) + " 5 1"), persists);
    assertEquals(LabelOutcome.DONE, device.area().write(LABEL - 5, WORDS));
    assertEquals(LabelOutcome.DONE, device.area().write(LABEL, new byte[0]));
    assertEquals(2, persists.size(), "nothing is persisted where nothing was written");
    byte[] read = new byte[5];
    assertEquals(LabelOutcome.DONE, device.area().read(LABEL - 5, read));
    assertArrayEquals(WORDS, read);
    assertEquals(2, persists.size(), "nor after a read");
  }

  @Test
  @DisplayName("whoever keeps a log is told of each store before its persist")
  void logged() {
    List<String> calls = new ArrayList<>();
    FakeNvdimm device =
        new FakeNvdimm(LABEL, (offset, length) -> calls.add("persist " + offset + " " + length));
    LabelArea area =
        LabelArea.of(
                device, (region, offset, length) -> calls.add("store " + offset + " " + length))
            .orElseThrow();
    area.write(1, WORDS);
    area.write(LABEL, WORDS);
    area.read(0, new byte[9]);
    assertEquals(List.of("store " + (FIRST + 1) + " 5", "persist " + (FIRST + 1) + " 5"), calls);
  }

  @Test
  @DisplayName(
      "a range that is not within the area, or a device that can't be written, is told, and nothing is done")
  void refused() {
    FakeNvdimm device =
        new FakeNvdimm(
            LABEL,
            (offset, length) -> {
              throw new AssertionError("persisted");
            });
    for (long offset : new long[] {-1, Long.MIN_VALUE, LABEL - 4, LABEL, Long.MAX_VALUE - 2}) {
      assertEquals(LabelOutcome.OUTSIDE, device.area().write(offset, WORDS), "" + offset);
      assertEquals(LabelOutcome.OUTSIDE, device.area().read(offset, new byte[5]), "" + offset);
    }
    assertEquals(LabelOutcome.OUTSIDE, device.area().read(0, new byte[LABEL + 1]));
    device.readOnly = true;
    assertEquals(LabelOutcome.READ_ONLY, device.area().write(0, WORDS));
    assertEquals(
        LabelOutcome.OUTSIDE, device.area().write(LABEL, WORDS), "the range is judged first");
    assertEquals(-1, device.bytes.mismatch(MemorySegment.ofArray(new byte[FakeNvdimm.SIZE])));
  }

  @Test
  @DisplayName(
      "a persist that fails is no acknowledged write, and is told once, with device, backend and file")
  void persistFails() {
    FakeNvdimm device =
        new FakeNvdimm(
            LABEL,
            (offset, length) -> {
              throw new PersistException(SPEC, offset, length, "msync", "EIO");
            });
    LabelArea area = device.area();
    Logger logger = (Logger) LoggerFactory.getLogger(LabelArea.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try {
      for (int round = 0; round < 3; round++) {
        assertEquals(LabelOutcome.FAILED, area.write(0, WORDS));
      }
    } finally {
      logger.detachAppender(log);
    }
    List<String> errors =
        log.list.stream()
            .filter(event -> event.getLevel().equals(ch.qos.logback.classic.Level.ERROR))
            .map(ILoggingEvent::getFormattedMessage)
            .toList();
    assertEquals(1, errors.size(), errors::toString);
    for (String word : List.of("'nv0'", "'m0'", "/d/m0", "write", "hardware error")) {
      assertTrue(errors.getFirst().contains(word), errors::toString);
    }
  }

  @Test
  @DisplayName(
      "of a region that has failed, in which stores may be lost, nothing is read or written")
  void failedRegion() {
    FakeNvdimm device = new FakeNvdimm(LABEL, (offset, length) -> {});
    device.state = holdfast.machine.api.RegionState.FAILED;
    assertEquals(LabelOutcome.FAILED, device.area().read(0, new byte[5]));
    assertEquals(LabelOutcome.FAILED, device.area().write(0, WORDS));
    assertEquals(0, device.bytes.get(ValueLayout.JAVA_BYTE, FIRST));
  }

  @Test
  @DisplayName("while one write waits for its persist, others and reads go on")
  void nobodyWaitsForAnother() throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    FakeNvdimm device =
        new FakeNvdimm(
            LABEL,
            (offset, length) -> {
              if (offset == FIRST) {
                inside.countDown();
                try {
                  release.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
              }
            });
    LabelArea area = device.area();
    AtomicReference<LabelOutcome> slow = new AtomicReference<>();
    Thread thread = Thread.ofPlatform().daemon().start(() -> slow.set(area.write(0, WORDS)));
    inside.await();
    assertEquals(LabelOutcome.DONE, area.write(8, WORDS));
    assertEquals(LabelOutcome.DONE, area.read(0, new byte[16]));
    assertNull(slow.get(), "it is acknowledged before it is durable");
    release.countDown();
    thread.join();
    assertEquals(LabelOutcome.DONE, slow.get());
  }

  @Test
  @DisplayName("memory that has ended is gone, and no exception")
  void gone() {
    LabelArea area;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment bytes = arena.allocate(FakeNvdimm.SIZE);
      area = new FakeNvdimm(bytes, LABEL, (offset, length) -> {}).area();
      assertEquals(LabelOutcome.DONE, area.write(0, WORDS));
    }
    assertEquals(LabelOutcome.GONE, area.write(0, WORDS));
    assertEquals(LabelOutcome.GONE, area.read(0, new byte[5]));
  }

  @Test
  @DisplayName(
      "pages that are lost are told by each access, compiled or not; the JVM lives, and so does the label's rest")
  void lostPages() throws IOException {
    try (Arena arena = Arena.ofShared();
        FileChannel file =
            FileChannel.open(
                folder.resolve("m0"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment mapped = file.map(MapMode.READ_WRITE, 0, FakeNvdimm.SIZE, arena);
      LabelArea area = new FakeNvdimm(mapped, LABEL, (offset, length) -> {}).area();
      byte[] read = new byte[300];
      for (int round = 0; round < MANY; round++) {
        assertEquals(LabelOutcome.DONE, area.read(round, read));
        assertEquals(LabelOutcome.DONE, area.write(round, read));
      }
      file.truncate(FakeNvdimm.SIZE - 64 * 1024);
      for (int round = 0; round < MANY; round++) {
        assertEquals(LabelOutcome.FAILED, area.read(LABEL - 40_000 + round, read));
        assertEquals(LabelOutcome.FAILED, area.write(LABEL - 40_000 + round, read));
        assertEquals(LabelOutcome.DONE, area.read(round, read));
        assertEquals(LabelOutcome.DONE, area.write(round, read));
      }
    }
  }
}
