package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFaults.SIZE;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.PersistException;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.SystemCall;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever system call of a swap fails, one backing serves with every byte. */
@Timeout(120)
class SwapCallsFailTest {
  @ParameterizedTest(name = "{0} to {1}")
  @CsvSource({
    "TMPFS, TMPFS",
    "TMPFS, ANONYMOUS",
    "ANONYMOUS, TMPFS",
    "MEMFD, PRIVATE",
    "DISK, DISK"
  })
  @DisplayName(
      "whichever system call of a swap fails, the old block or the new one serves with every byte,"
          + " exactly one file is accepted, and nothing leaks")
  void everySystemCallFails(Place here, Place there) throws Exception {
    List<RecordedCall> calls = new ArrayList<>();
    run(here, there, null, calls);
    assertTrue(calls.stream().anyMatch(made -> made.call() == SystemCall.MMAP), calls::toString);
    for (RecordedCall victim : calls) {
      for (Fault.Harm harm : Fault.Harm.values()) {
        boolean gives = victim.call() == SystemCall.CLOSE || victim.call() == SystemCall.MUNMAP;
        if (gives && harm == Fault.Harm.NONE) {
          continue; // then nobody can give it back
        }
        Fault fault = Fault.ofCall(victim.number(), Errno.EIO).doing(harm);
        try {
          run(here, there, fault, new ArrayList<>());
        } catch (Exception | AssertionError e) {
          throw new AssertionError(victim + " fails, harm " + harm, e);
        }
      }
    }
  }

  private static void run(Place here, Place there, @Nullable Fault fault, List<RecordedCall> calls)
      throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, here)) {
      if (there == Place.DISK) {
        fixture.disk();
      }
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.libc.forget();
      if (fault != null) {
        fixture.libc.with(fault);
      }
      @Nullable SwapReport report;
      try {
        report = fixture.swap(there.properties(fixture, 1), LIMITS.withVerify(true));
      } catch (SwapException refused) {
        report = null; // the plan already
      }
      calls.addAll(fixture.libc.made());
      fixture.libc.heal();
      assertSame(segment, fixture.region().segment());
      fixture.assertFilled();
      boolean done = report != null && report.phase() == SwapPhase.DONE;
      if (fault == null) {
        assertTrue(done, () -> fixture.swaps.history(RAM0).toString());
      }
      here.file(fixture, 0)
          .ifPresent(file -> assertEquals(!done, ImageNotes.refusal(file).isEmpty()));
      there
          .file(fixture, 1)
          .filter(Files::exists)
          .ifPresent(file -> assertEquals(done, ImageNotes.refusal(file).isEmpty()));
      String mapped = HostMapping.at(segment.address()).orElseThrow().path();
      here.file(fixture, 0)
          .ifPresent(file -> assertEquals(!done, mapped.equals(file.toString()), mapped));
      there
          .file(fixture, 1)
          .ifPresent(file -> assertEquals(done, mapped.equals(file.toString()), mapped));
      for (long at = 0; at < SIZE; at += 4096) {
        segment.set(ValueLayout.JAVA_LONG, at, at * 31 + 7); // it can be stored into
      }
      if (fault != null && fixture.region().state() == RegionState.FAILED) {
        // the kernel reported that something could not be written back
        assertTrue(calls.stream().anyMatch(made -> made.call() == SystemCall.SYNC_FILE_RANGE));
        assertTrue(fixture.region().status().note().contains("sync_file_range: EIO"));
        assertThrows(PersistException.class, () -> fixture.region().persist(0, SIZE));
      } else {
        fixture.region().persist(0, SIZE);
      }
    }
  }
}
