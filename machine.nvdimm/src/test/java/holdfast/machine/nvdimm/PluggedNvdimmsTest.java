package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Devices that come and go, moment by moment. */
@Timeout(120)
class PluggedNvdimmsTest {
  private static final int LABEL = 128 << 10;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final MemorySegment bytes = Arena.ofAuto().allocate(FakeNvdimm.SIZE);
  private final FakeNvdimm device = device();
  private volatile List<MemoryDevice> present = List.of();
  private volatile Runnable afterLook = () -> {};
  private final PluggedNvdimms nvdimms = new PluggedNvdimms(memory(), LabelStores.UNLOGGED);

  private FakeNvdimm device() {
    return new FakeNvdimm(bytes, LABEL, (offset, length) -> {});
  }

  /** Guest memory that tells of its devices and nothing else. */
  private GuestMemory memory() {
    return (GuestMemory)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {GuestMemory.class},
            (proxy, method, arguments) -> {
              assertEquals("devices", method.getName());
              List<MemoryDevice> found = present;
              afterLook.run();
              return found;
            });
  }

  private void add(MemoryDevice added) {
    present = List.of(added);
    nvdimms.deviceAdded(added);
  }

  private void remove(MemoryDevice removed) {
    present = List.of();
    nvdimms.deviceRemoved(removed);
  }

  private LabelArea area() {
    return nvdimms.find(0).orElseThrow().label().orElseThrow();
  }

  private boolean isEmpty() {
    return bytes.mismatch(MemorySegment.ofArray(new byte[FakeNvdimm.SIZE])) == -1;
  }

  @Test
  @DisplayName("an area that was found before its device went stores nothing in that of the next")
  void foundBefore() {
    add(device);
    LabelArea area = area();
    assertEquals(LabelOutcome.DONE, area.write(0, new byte[8]));
    remove(device);
    add(device());
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[] {1}));
    assertEquals(LabelOutcome.GONE, area.read(0, new byte[1]));
    assertTrue(isEmpty());
    assertEquals(LabelOutcome.DONE, area().write(0, new byte[] {1}));
  }

  @Test
  @DisplayName("a write that has begun when its device goes stores nothing")
  void begunBefore() {
    add(device);
    LabelArea area = area();
    device.beforeCopy = () -> remove(device);
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[] {1}));
    assertTrue(isEmpty());
  }

  @Test
  @DisplayName("when a removal has returned no write that was under way stores any more")
  void underWay() throws Exception {
    byte[] ones = new byte[4076];
    Arrays.fill(ones, (byte) 1);
    for (int round = 0; round < 200; round++) {
      FakeNvdimm next = device();
      add(next);
      LabelArea area = area();
      CountDownLatch written = new CountDownLatch(2);
      AtomicReference<LabelOutcome> last = new AtomicReference<>();
      Thread[] writers = new Thread[2];
      for (int number = 0; number < writers.length; number++) {
        writers[number] =
            Thread.ofPlatform()
                .daemon()
                .start(
                    () -> {
                      LabelOutcome outcome = area.write(0, ones);
                      written.countDown();
                      while (outcome == LabelOutcome.DONE) {
                        outcome = area.write(0, ones);
                      }
                      last.set(outcome);
                    });
      }
      assertTrue(written.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
      remove(next);
      bytes.fill((byte) 0);
      for (Thread writer : writers) {
        assertTrue(writer.join(LIMIT));
      }
      assertEquals(LabelOutcome.GONE, last.get());
      assertTrue(isEmpty(), "a store after the removal in round " + round);
    }
  }

  @Test
  @DisplayName("a removal waits for no persist, whose write is told that the device is gone")
  void persistUnderWay() throws Exception {
    CountDownLatch persisting = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    FakeNvdimm slow =
        new FakeNvdimm(
            bytes,
            LABEL,
            (offset, length) -> {
              persisting.countDown();
              try {
                assertTrue(go.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    add(slow);
    LabelArea area = area();
    AtomicReference<LabelOutcome> outcome = new AtomicReference<>();
    Thread writer =
        Thread.ofPlatform().daemon().start(() -> outcome.set(area.write(0, new byte[] {1})));
    assertTrue(persisting.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
    remove(slow);
    go.countDown();
    assertTrue(writer.join(LIMIT));
    assertEquals(LabelOutcome.GONE, outcome.get());
    assertEquals(1, bytes.get(ValueLayout.JAVA_BYTE, FakeNvdimm.SIZE - LABEL));
  }

  @Test
  @DisplayName(
      "a device of which the guest knows before the listener does is found, and is the same later")
  void foundEarly() {
    present = List.of(device);
    LabelArea area = area();
    nvdimms.deviceAdded(device);
    assertSame(area, area());
    remove(device);
    assertTrue(nvdimms.find(0).isEmpty());
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[1]));
  }

  @Test
  @DisplayName("calls of the listener that come late make no device known that has gone")
  void lateCalls() {
    FakeNvdimm next = device();
    present = List.of(next);
    LabelArea area = area();
    nvdimms.deviceAdded(device);
    assertSame(area, area());
    nvdimms.deviceRemoved(device);
    assertSame(area, area());
    nvdimms.deviceAdded(next);
    assertEquals(LabelOutcome.DONE, area.write(0, new byte[1]));
    remove(next);
    assertEquals(LabelOutcome.GONE, area.write(0, new byte[1]));
    add(device);
    assertNotSame(area, area());
  }

  @Test
  @DisplayName("a device that goes while it is looked for is not known when its removal is told")
  void goneWhileLookedFor() throws Exception {
    for (int look = 1; look <= 2; look++) {
      present = List.of(device);
      AtomicReference<Thread> remover = new AtomicReference<>();
      int last = look;
      int[] looks = new int[1];
      afterLook =
          () -> {
            if (++looks[0] == last) {
              afterLook = () -> {};
              present = List.of();
              remover.set(Thread.ofPlatform().daemon().start(() -> nvdimms.deviceRemoved(device)));
            }
          };
      var found = nvdimms.find(0);
      assertTrue(remover.get().join(LIMIT));
      assertTrue(nvdimms.find(0).isEmpty());
      found
          .flatMap(PluggedNvdimms.Nvdimm::label)
          .ifPresent(area -> assertEquals(LabelOutcome.GONE, area.write(0, new byte[1])));
    }
  }
}
