package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.MisalignedAddressException;
import holdfast.machine.api.ReadOnlyDeviceException;
import holdfast.machine.api.SplitRangeException;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.options.OnOffAuto;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Accesses by guest address that are atomic, and in order among threads. */
@Timeout(60)
class OrderedAccessTest {
  private static final int ROUNDS = 100_000;
  private static final long A = 0x1_0000_0000L;
  private static final long R = A + 4100;

  private FlatGuestMemory memory;

  @BeforeEach
  void machine() throws Exception {
    MemoryLayout machine =
        MemoryLayout.of(MachineType.PC, new ByteSize(8192), 4L, ByteSize.mib(1)).withNvdimm(true);
    memory = new FlatGuestMemory(machine, region("ram", 8192), FakeRegion::neverLost);
    // a ends within an aligned long, and r begins there
    memory.plug(DeviceRequest.of(DeviceKind.NVDIMM, "a", region("ma", 4100)));
    memory.plug(
        DeviceRequest.of(DeviceKind.NVDIMM, "r", region("mr", 4096).with(RamFlag.RAM_READONLY))
            .withUnarmed(OnOffAuto.ON));
    assertEquals(at(R), memory.devices().getLast().address());
  }

  private static FakeRegion region(String id, long size) {
    return new FakeRegion(id, Arena.ofAuto().allocate(size, 4096), 4);
  }

  private static GuestAddress at(long address) {
    return new GuestAddress(address);
  }

  static List<ByteOrder> orders() {
    return List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN);
  }

  @ParameterizedTest
  @MethodSource("orders")
  @DisplayName("an ordered access has the byte order that plain accesses have")
  void order(ByteOrder order) {
    memory.setIntRelease(at(A + 4), 0x0102_0304, order);
    assertEquals(0x0102_0304, memory.getInt(at(A + 4), order));
    assertEquals(0x0102_0304, memory.getIntAcquire(at(A + 4), order));
    memory.setLongRelease(at(A + 8), 0x0102_0304_0506_0708L, order);
    assertEquals(0x0102_0304_0506_0708L, memory.getLong(at(A + 8), order));
    assertEquals(0x0102_0304_0506_0708L, memory.getLongAcquire(at(A + 8), order));

    assertFalse(memory.compareAndSetInt(at(A + 4), 0x0403_0201, 7, order));
    assertEquals(0x0102_0304, memory.getInt(at(A + 4), order));
    assertTrue(memory.compareAndSetInt(at(A + 4), 0x0102_0304, 7, order));
    assertEquals(7, memory.getInt(at(A + 4), order));
    assertFalse(memory.compareAndSetLong(at(A + 8), 0, 9, order));
    assertTrue(memory.compareAndSetLong(at(A + 8), 0x0102_0304_0506_0708L, 9, order));
    assertEquals(9, memory.getLong(at(A + 8), order));
  }

  /** All ordered accesses of some width at an address; those that write come last. */
  private Stream<Consumer<GuestAddress>> accesses(int width, boolean writing) {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    if (width == 4) {
      return writing
          ? Stream.of(
              a -> memory.setIntRelease(a, 1, order), a -> memory.compareAndSetInt(a, 0, 1, order))
          : Stream.of(a -> memory.getIntAcquire(a, order));
    }
    return writing
        ? Stream.of(
            a -> memory.setLongRelease(a, 1, order), a -> memory.compareAndSetLong(a, 0, 1, order))
        : Stream.of(a -> memory.getLongAcquire(a, order));
  }

  private <E extends GuestMemoryException> List<E> refused(
      Class<E> type, long address, int width, boolean writing) {
    return accesses(width, writing)
        .map(access -> assertThrows(type, () -> access.accept(at(address))))
        .toList();
  }

  @Test
  @DisplayName("an access that is not aligned, of no memory, or of two devices has its exception")
  void refused() {
    for (boolean writing : new boolean[] {false, true}) {
      for (int width : new int[] {4, 8}) {
        for (long off = 1; off < width; off++) {
          refused(MisalignedAddressException.class, A + off, width, writing);
        }
        refused(UnmappedAddressException.class, 8192, width, writing);
      }
      List<SplitRangeException> split = refused(SplitRangeException.class, A + 4096, 8, writing);
      split.forEach(e -> assertEquals(new ByteSize(4), e.available()));
    }
    assertEquals(
        "8 bytes at guest address 0x100000004: an ordered access is only atomic at a multiple of its"
            + " width; access a multiple of 8, or use the plain methods, which take every address",
        refused(MisalignedAddressException.class, A + 4, 8, false).getFirst().getMessage());
    assertEquals(0, memory.getLong(at(A), ByteOrder.LITTLE_ENDIAN));
  }

  @Test
  @DisplayName(
      "read-only memory can be read in order, and refuses all writes, also of what is there")
  void readOnly() {
    accesses(4, false).forEach(access -> access.accept(at(R)));
    refused(ReadOnlyDeviceException.class, R, 4, true);
    refused(ReadOnlyDeviceException.class, R + 4, 8, true);
  }

  private void inTwoThreads(Runnable one, Runnable two) throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<?>> work = new ArrayList<>();
      for (Runnable task : List.of(one, two)) {
        work.add(
            threads.submit(
                () -> {
                  start.await(10, TimeUnit.SECONDS);
                  task.run();
                  return null;
                }));
      }
      for (Future<?> task : work) {
        task.get(30, TimeUnit.SECONDS);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("orders")
  @DisplayName("no increment by compareAndSet is lost among threads")
  void increments(ByteOrder order) throws Exception {
    Runnable work =
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            int before;
            do {
              before = memory.getIntAcquire(at(A), order);
            } while (!memory.compareAndSetInt(at(A), before, before + 1, order));
            long old;
            do {
              old = memory.getLongAcquire(at(A + 8), order);
            } while (!memory.compareAndSetLong(at(A + 8), old, old - 1, order));
          }
        };
    inTwoThreads(work, work);
    assertEquals(2 * ROUNDS, memory.getInt(at(A), order));
    assertEquals(-2 * ROUNDS, memory.getLong(at(A + 8), order));
  }

  @Test
  @DisplayName("who sees what was released sees everything that was stored before it")
  void releaseAndAcquire() throws Exception {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    GuestAddress number = at(A);
    GuestAddress data = at(A + 64);
    List<String> faults = new ArrayList<>();
    inTwoThreads(
        () -> {
          for (int i = 1; i <= ROUNDS; i++) {
            memory.setLong(data, i, order);
            memory.setIntRelease(number, i, order);
          }
        },
        () -> {
          int seen = 0;
          while (seen < ROUNDS) {
            seen = memory.getIntAcquire(number, order);
            long stored = memory.getLong(data, order);
            if (stored < seen) {
              faults.add(stored + " where " + seen + " was released");
            }
          }
        });
    assertEquals(List.of(), faults);
  }
}
