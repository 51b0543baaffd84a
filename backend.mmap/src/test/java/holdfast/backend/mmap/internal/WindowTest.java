package holdfast.backend.mmap.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.MemoryAdvice;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.SystemCall;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reserved addresses: where they are, what surrounds them, and what is given back. */
class WindowTest {
  private static final long SIZE = 1 << 20;

  /** So great that a reservation of the kernel's choice is never aligned by chance. */
  private static final Alignment WIDE = new Alignment(1L << 30);

  private final FaultyLibc libc = FaultyLibc.host();
  private final long page = libc.getpagesize();

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), libc.mapped());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1 << 16, 1 << 21, 1 << 27, 1L << 30, 1L << 36})
  @DisplayName("a window is aligned, and only its bytes and one guard page stay reserved")
  void aWindowIsAlignedAndTrimmed(long wish) throws ErrnoException {
    Alignment align = new Alignment(wish).orPageSize(page);
    Window window = Window.reserve(libc, SIZE, align, false, MemoryAdvice.DEFAULT);
    long from = window.address();
    assertTrue(align.divides(from));
    assertEquals(SIZE, window.size());
    assertEquals(List.of(new AddressRange(from, from + SIZE + page)), libc.mapped());
    for (long at : new long[] {from, from + SIZE - 1, from + SIZE, from + SIZE + page - 1}) {
      assertEquals("---p", HostMapping.at(at).orElseThrow().permissions());
    }
    window.abandon();
  }

  @Test
  @DisplayName("a read-only window's segment refuses stores, another's takes them")
  void readOnlyWindows() throws ErrnoException {
    Alignment align = new Alignment(page);
    Window readOnly = Window.reserve(libc, SIZE, align, true, MemoryAdvice.DEFAULT);
    Window writable = Window.reserve(libc, SIZE, align, false, MemoryAdvice.DEFAULT);
    assertTrue(readOnly.segment().isReadOnly());
    assertFalse(writable.segment().isReadOnly());
    assertEquals(SIZE, writable.segment().byteSize());
    assertEquals(writable.address(), writable.segment().address());
    readOnly.abandon();
    writable.abandon();
  }

  @Test
  @DisplayName("more than the address space holds, or than a number holds, is ENOMEM")
  void noRoom() {
    for (long size : new long[] {1L << 60, Long.MAX_VALUE & -page}) {
      ErrnoException failure =
          assertThrows(
              ErrnoException.class,
              () ->
                  Window.reserve(libc, size, new Alignment(1L << 40), false, MemoryAdvice.DEFAULT));
      assertEquals(Errno.ENOMEM, failure.errno().value());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  @DisplayName("head or tail can't be given back: all that is still ours is, and nothing twice")
  void aFailureToTrim(int nth) {
    libc.with(Fault.ofNth(SystemCall.MUNMAP, nth, Errno.ENOMEM));
    assertThrows(
        ErrnoException.class, () -> Window.reserve(libc, SIZE, WIDE, false, MemoryAdvice.DEFAULT));
    List<RecordedCall> unmaps = libc.made(SystemCall.MUNMAP);
    if (nth == 2) {
      // the head is somebody else's by now: to unmap it again would take their memory away
      RecordedCall head = unmaps.getFirst();
      RecordedCall rest = unmaps.getLast();
      long endOfHead = (long) head.arguments().get(0) + (long) head.arguments().get(1);
      assertEquals(endOfHead, rest.arguments().get(0));
    }
  }

  @Test
  @DisplayName("a hole in a window is reserved again, and a window without one is left alone")
  void aHoleIsReservedAgain() throws ErrnoException {
    Window window = Window.reserve(libc, SIZE, new Alignment(page), false, MemoryAdvice.DEFAULT);
    AddressRange all = libc.mapped().getFirst();
    window.reserveAgain();
    assertEquals(List.of(all), libc.mapped());
    libc.munmap(window.address(), SIZE);
    window.reserveAgain();
    assertEquals(List.of(all), libc.mapped());
    window.abandon();
  }

  @Test
  @DisplayName("what another thread mapped into a hole is theirs: it is not unmapped with the rest")
  void aForeignMappingInAHoleIsLeftAlone() throws ErrnoException {
    KernelConstants k = libc.constants();
    Window window = Window.reserve(libc, SIZE, new Alignment(page), false, MemoryAdvice.DEFAULT);
    libc.munmap(window.address(), SIZE);
    int flags = KernelConstants.MAP_PRIVATE | k.mapAnonymous() | k.mapFixedNoreplace();
    int readWrite = KernelConstants.PROT_READ | KernelConstants.PROT_WRITE;
    long theirs = libc.mmap(window.address() + page, page, readWrite, flags, -1, 0);
    window.reserveAgain();
    window.abandon();
    assertEquals("rw-p", HostMapping.at(theirs).orElseThrow().permissions());
    libc.munmap(theirs, page);
  }

  @Test
  @DisplayName("a kernel before 4.17, to which the address is a hint, leaves no stray reservation")
  void aHintIsNoReservation() throws ErrnoException {
    libc.withConstants(libc.constants().withoutFixedNoreplace());
    Window window = Window.reserve(libc, SIZE, new Alignment(page), false, MemoryAdvice.DEFAULT);
    List<AddressRange> before = libc.mapped();
    window.reserveAgain();
    assertEquals(before, libc.mapped());
    window.abandon();
  }
}
