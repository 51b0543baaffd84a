package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.mmap.Tracked.Memory;
import holdfast.backend.mmap.Tracked.Run;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Hosts that can't track pages, and calls that fail while they are tracked. */
@Timeout(60)
class DirtyTrackingFaultTest {
  private static final int PAGES = 16;

  /** The number of the call that opens the device; a later open is that of pagemap. */
  private static final int DEVICE = 2;

  @BeforeAll
  static void needsTheKernel() {
    Tracked.assumeTrackable();
  }

  /** A host by what fails there, and words of the reason that it gives. */
  private record Host(String words, List<Fault> faults) {}

  private static Fault open(String path, int errno) {
    return new Fault(
        made ->
            made.call() == SystemCall.OPEN && made.arguments().getFirst().toString().equals(path),
        errno,
        Harm.NONE);
  }

  private static Host host(String words, Fault... faults) {
    return new Host(words, List.of(faults));
  }

  static List<Host> hosts() {
    String device = "/dev/userfaultfd";
    Fault notPermitted = Fault.ofEvery(SystemCall.USERFAULTFD, Errno.EPERM);
    return List.of(
        host(
            "neither from /dev/userfaultfd (open: ENOENT (No such file or directory)) nor from the"
                + " system call (userfaultfd: EPERM (Operation not permitted)); let it open the"
                + " device",
            open(device, Errno.ENOENT),
            notPermitted),
        host("(open: EACCES (Permission denied))", open(device, Errno.EACCES), notPermitted),
        host("(open: EPERM (Operation not permitted))", open(device, Errno.EPERM), notPermitted),
        host(
            "(ioctl(USERFAULTFD_IOC_NEW): EPERM (Operation not permitted))",
            Fault.ofEvery(SystemCall.IOCTL_USERFAULTFD_NEW, Errno.EPERM),
            notPermitted),
        host(
            "no userfaultfd(2), ENOSYS (Function not implemented); use one with CONFIG_USERFAULTFD",
            open(device, Errno.ENOENT),
            Fault.ofEvery(SystemCall.USERFAULTFD, Errno.ENOSYS)),
        host(
            "ioctl(UFFDIO_API): EINVAL (Invalid argument) for UFFD_FEATURE_WP_ASYNC; use Linux 6.12.3",
            Fault.ofEvery(SystemCall.IOCTL_UFFDIO_API, Errno.EINVAL)),
        host(
            "ioctl(UFFDIO_API): ENOMEM (Cannot allocate memory)",
            Fault.ofEvery(SystemCall.IOCTL_UFFDIO_API, Errno.ENOMEM)),
        host(
            "/proc/self/pagemap can't be opened, EACCES (Permission denied); mount proc(5)",
            open("/proc/self/pagemap", Errno.EACCES)));
  }

  @ParameterizedTest
  @MethodSource("hosts")
  @DisplayName(
      "a host that can't track pages says why in one sentence, asked or tried, and nothing is left")
  void hostsThatCannot(Host host) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES)) {
      FaultyLibc libc = tracked.bench.libc;
      Set<Integer> before = libc.descriptors();
      host.faults.forEach(libc::with);
      String reason = new RamMapper(libc, Path.of("/sys")).trackingObstacle().orElseThrow();
      assertTrue(reason.contains(host.words), reason);
      assertEquals(1, reason.lines().count());
      assertFalse(reason.endsWith("."), reason);
      TrackingRefusedException refusal = assertThrows(TrackingRefusedException.class, tracked::arm);
      assertEquals(reason, refusal.reason());
      assertEquals(before, libc.descriptors());
      assertFalse(tracked.isArmed());
      libc.heal();
      assertEquals(Optional.empty(), new RamMapper(libc, Path.of("/sys")).trackingObstacle());
      assertEquals(before, libc.descriptors());
    }
  }

  @Test
  @DisplayName("a kernel that has no PAGEMAP_SCAN says so when it is asked")
  void noPagemapScan() {
    FaultyLibc libc = FaultyLibc.host();
    libc.with(Fault.ofEvery(SystemCall.IOCTL_PAGEMAP_SCAN, Errnos.ENOTTY));
    String reason = new RamMapper(libc, Path.of("/sys")).trackingObstacle().orElseThrow();
    assertTrue(reason.contains("can't scan pages, ioctl(PAGEMAP_SCAN): ENOTTY"), reason);
    assertTrue(reason.endsWith("use Linux 6.12.3 or later"), reason);
    assertEquals(Set.of(), libc.descriptors());
  }

  @ParameterizedTest
  @CsvSource({
    "6.12.2-generic, false",
    "6.12, false",
    "6.8.0-45-generic, false",
    "6.7.1, false",
    "5.15.0, false",
    "unheard-of, false",
    "'', false",
    "6.12.3, true",
    "6.12.117+deb13-amd64, true",
    "6.13, true",
    "6.13.0-rc1, true",
    "7.0.0, true",
  })
  @DisplayName("a kernel whose scan is not known to be exact is refused by its release")
  void kernelsBeforeTheScanWasExact(String release, boolean taken)
      throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES)) {
      FaultyLibc libc = tracked.bench.libc.withRelease(release);
      Set<Integer> before = libc.descriptors();
      if (taken) {
        assertEquals(Optional.empty(), tracked.block.trackingObstacle());
        tracked.arm().close();
        return;
      }
      String reason = new RamMapper(libc, Path.of("/sys")).trackingObstacle().orElseThrow();
      assertEquals(
          "this kernel, "
              + release
              + ", is not known to tell of every store, as Linux does from 6.12.3 on; use that or"
              + " later",
          reason);
      assertEquals(Optional.of(reason), tracked.block.trackingObstacle());
      assertEquals(reason, assertThrows(TrackingRefusedException.class, tracked::arm).reason());
      assertEquals(before, libc.descriptors());
    }
  }

  @ParameterizedTest
  @CsvSource({"OPEN", "IOCTL_USERFAULTFD_NEW"})
  @DisplayName("without the device the system call serves as well")
  void theSystemCallServesAsWell(SystemCall victim) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES)) {
      tracked.bench.libc.with(Fault.ofNext(victim, Errno.EACCES));
      try (DirtyTracking tracking = tracked.arm()) {
        assertEquals(1, tracked.bench.libc.made(SystemCall.USERFAULTFD).size());
        tracked.store(6);
        assertEquals(Tracked.runsOf(6L), tracked.scan(tracking));
      }
    }
  }

  /** Two rounds, from the beginning to the end. */
  private static void rounds(Tracked tracked) throws RamBlockException {
    try (DirtyTracking tracking = tracked.arm()) {
      tracked.store(2);
      List<Run> first = tracked.scan(tracking);
      tracked.store(11);
      List<Run> second = tracked.scan(tracking);
      assertEquals(Tracked.runsOf(2L), first);
      assertEquals(Tracked.runsOf(11L), second);
    }
  }

  static Stream<Arguments> failures() throws IOException, RamBlockException {
    List<RecordedCall> calls;
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES)) {
      tracked.bench.libc.forget();
      rounds(tracked);
      calls = tracked.bench.libc.made();
    }
    Stream.Builder<Arguments> all = Stream.builder();
    for (RecordedCall victim : calls) {
      EnumSet<Harm> harms =
          switch (victim.call()) {
            case CLOSE -> EnumSet.of(Harm.DONE);
            case IOCTL_UFFDIO_WRITEPROTECT, IOCTL_PAGEMAP_SCAN -> EnumSet.allOf(Harm.class);
            default -> EnumSet.of(Harm.NONE);
          };
      for (int errno : Errnos.of(victim)) {
        harms.forEach(harm -> all.add(Arguments.of(victim.number(), victim.call(), errno, harm)));
      }
    }
    return all.build();
  }

  @ParameterizedTest(name = "call {0}, {1}: errno {2}, harm {3}")
  @MethodSource("failures")
  @DisplayName(
      "whichever call fails, nothing leaks, no page stays protected, and writers go on; no store is"
          + " lost, but may be reported with all that is not known")
  void everyCallFailing(int number, SystemCall call, int errno, Harm harm)
      throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES);
        LogCapture quiet = new LogCapture()) {
      FaultyLibc libc = tracked.bench.libc;
      Set<Integer> before = libc.descriptors();
      libc.forget();
      libc.with(Fault.ofCall(number, errno).doing(harm));
      switch (call) {
        case OPEN, IOCTL_USERFAULTFD_NEW -> {
          if (call == SystemCall.OPEN && number > DEVICE) {
            assertThrows(TrackingRefusedException.class, () -> rounds(tracked));
          } else {
            rounds(tracked);
          }
        }
        case CLOSE -> rounds(tracked);
        case IOCTL_UFFDIO_WRITEPROTECT -> {
          if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
            rounds(tracked);
          } else {
            assertThrows(TrackingRefusedException.class, () -> rounds(tracked));
          }
        }
        case IOCTL_PAGEMAP_SCAN -> aScanFails(tracked, errno);
        default -> assertThrows(TrackingRefusedException.class, () -> rounds(tracked));
      }
      assertEquals(call, libc.made().get(number - 1).call(), "another call failed");
      libc.heal();
      assertEquals(before, libc.descriptors());
      assertFalse(tracked.isArmed());
      for (long page = 0; page < PAGES; page++) {
        tracked.store(page);
        assertEquals(page + 1, tracked.load(page));
      }
      rounds(tracked);
    }
  }

  private static void aScanFails(Tracked tracked, int errno) throws RamBlockException {
    try (DirtyTracking tracking = tracked.arm()) {
      boolean lost = false;
      for (long page : new long[] {2, 11, 5}) {
        tracked.store(page);
        List<Run> expected = lost ? List.of(new Run(0, PAGES)) : List.of(new Run(page, page + 1));
        try {
          assertEquals(expected, tracked.scan(tracking));
          lost = false;
        } catch (TrackingLostException e) {
          assertFalse(lost, "one call fails");
          assertEquals(0, e.offset());
          assertTrue(e.reason().contains(Errnos.name(errno)), e::getMessage);
          lost = true;
        }
      }
      tracked.store(7);
      assertEquals(lost ? List.of(new Run(0, PAGES)) : Tracked.runsOf(7L), tracked.scan(tracking));
    }
  }

  @Test
  @DisplayName("a scan that fails half-way leaves unknown only what it had not reached")
  void aScanFailsHalfWay() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      FaultyLibc libc = tracked.bench.libc.withShortVectors(1);
      tracked.store(1);
      tracked.store(4);
      tracked.store(5);
      tracked.store(9);
      libc.with(Fault.ofNth(SystemCall.IOCTL_PAGEMAP_SCAN, 3, Errnos.EFAULT).doing(Harm.DONE));
      TrackingLostException lost =
          assertThrows(TrackingLostException.class, () -> tracked.scan(tracking));
      assertTrue(lost.offset() >= 6 * tracked.page, lost::getMessage);
      tracked.store(2);
      // pages 4 and 5 were found, but not yet told, since page 6 might have belonged to their run
      assertEquals(List.of(new Run(2, 3), new Run(4, PAGES)), tracked.scan(tracking));
      tracked.store(3);
      assertEquals(Tracked.runsOf(3L), tracked.scan(tracking));
    }
  }
}
