package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static holdfast.machine.swap.SwapFixture.end;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.backend.mmap.RamMapper;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.SystemCall;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.PausedWriter;
import holdfast.machine.core.Backend;
import holdfast.machine.core.MachineException;
import holdfast.machine.swap.internal.journal.SwapJournal;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong during a swap leaves the old backing serving with every byte, on tmpfs. */
@Timeout(120)
class SwapFaultTest {
  private static final int SIZE = 64 << 10;
  private static final String FILE = "memory-backend-file";

  private static Map<String, String> there(SwapFixture fixture) {
    return Place.TMPFS.properties(fixture, 1);
  }

  private static Path path(SwapFixture fixture, int number) {
    return Place.TMPFS.file(fixture, number).orElseThrow();
  }

  /** That nothing has happened, as far as one can see, and that the next swap works. */
  private static void assertUntouched(SwapFixture fixture, MemorySegment segment) throws Exception {
    assertSame(segment, fixture.region().segment());
    fixture.assertFilled();
    assertEquals(RegionState.ATTACHED, fixture.region().state());
    assertEquals(path(fixture, 0).toString(), fixture.region().backing());
    assertEquals(Set.of("tmpfs0"), fixture.files(), "neither the new file nor a note is left");
    assertTrue(LeakCheck.isLocked(path(fixture, 0)));
    assertEquals("", SwapJournal.refusal(path(fixture, 0)));
    fixture.libc.heal();
    fixture.steps = SwapTask.Steps.UNWATCHED;
    assertDone(fixture.swap(there(fixture), LIMITS));
    fixture.assertFilled();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "journal",
        "allocate",
        "round 1",
        "verify",
        "round 2",
        "pause",
        "last copy",
        "persist",
        "complete",
        "install"
      })
  @DisplayName(
      "whatever step fails, with whatever exception: the old block serves, the new file and the"
          + " notes are gone, writers go on, and the history says why")
  void everyStepFails(String step) throws Exception {
    List<Throwable> failures =
        List.of(
            new IOException("mischief"),
            new IllegalStateException("mischief"),
            new AssertionError("mischief"),
            new NoClassDefFoundError("mischief"));
    for (Throwable failure : failures) {
      try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
        fixture.fill();
        MemorySegment segment = fixture.region().segment();
        PausedWriter writer = new PausedWriter("vcpu0");
        fixture.writers.add(writer);
        fixture.steps = failing(step, failure);
        SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
        assertRolledBack(report, "mischief");
        assertEquals(report, fixture.swaps.history(RAM0).getFirst());
        assertFalse(writer.paused);
        assertUntouched(fixture, segment);
      }
    }
  }

  private static SwapTask.Steps failing(String where, Throwable failure) {
    return step -> {
      if (step.equals(where)) {
        switch (failure) {
          case IOException e -> throw e;
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          default -> throw new AssertionError(failure);
        }
      }
    };
  }

  @Test
  @DisplayName("what fails after the switch does not undo it")
  void releaseFails() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.steps = failing("release", new IOException("mischief"));
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertDone(report);
      fixture.assertFilled();
      assertEquals("", SwapJournal.refusal(path(fixture, 1)));
      assertFalse(SwapJournal.refusal(path(fixture, 0)).isEmpty());
    }
  }

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
          .ifPresent(file -> assertEquals(!done, SwapJournal.refusal(file).isEmpty()));
      there
          .file(fixture, 1)
          .filter(Files::exists)
          .ifPresent(file -> assertEquals(done, SwapJournal.refusal(file).isEmpty()));
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
        // the kernel told that something could not be written back
        assertTrue(calls.stream().anyMatch(made -> made.call() == SystemCall.SYNC_FILE_RANGE));
        assertTrue(fixture.region().status().note().contains("sync_file_range: EIO"));
        assertThrows(PersistException.class, () -> fixture.region().persist(0, SIZE));
      } else {
        fixture.region().persist(0, SIZE);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "journal, true",
    "allocate, true",
    "round 1, true",
    "verify, true",
    "pause, true",
    "last copy, false",
    "persist, false",
    "complete, false",
    "install, false",
    "release, false"
  })
  @DisplayName("a cancel rolls back until the writers have paused, and is too late from then on")
  void cancelled(String step, boolean inTime) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.steps =
          now -> {
            if (now.equals(step)) {
              fixture.swaps.running(RAM0).orElseThrow().cancel();
            }
          };
      SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
      if (inTime) {
        assertRolledBack(report, "it was cancelled");
        assertUntouched(fixture, segment);
      } else {
        assertDone(report);
        fixture.assertFilled();
      }
    }
  }

  @Test
  @DisplayName("a cancel does not wait for what a bandwidth limit makes the copy wait for")
  void cancelledWhileThrottled() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      task.cancel();
      assertRolledBack(end(task), "it was cancelled");
      assertUntouched(fixture, segment);
    }
  }

  @Test
  @DisplayName("not more bytes a second are copied than the limit lets")
  void bandwidth() throws Exception {
    try (SwapFixture fixture = new SwapFixture(4 << 20, Place.TMPFS)) {
      fixture.fill();
      long limit = 16 << 20;
      long before = System.nanoTime();
      SwapReport report = fixture.swap(there(fixture), LIMITS.withBandwidth(new ByteSize(limit)));
      double seconds = (System.nanoTime() - before) / 1e9;
      assertDone(report);
      assertTrue(report.copied().bytes() / seconds <= limit, seconds + " s for " + report);
    }
  }

  @Test
  @DisplayName("a writer that doesn't pause, in time or at all, rolls back, and all others go on")
  void writersThatDoNotPause() throws Exception {
    for (PausedWriter bad :
        List.of(
            new PausedWriter("bad").late(),
            new PausedWriter("bad").throwing(new IllegalStateException("no")),
            new PausedWriter("bad").throwing(new NoClassDefFoundError("gone")),
            new PausedWriter("bad").throwing(new AssertionError("odd")))) {
      try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
        fixture.fill();
        MemorySegment segment = fixture.region().segment();
        PausedWriter good = new PausedWriter("good");
        List.of(good, bad).forEach(fixture.writers::add);
        SwapReport report = fixture.swap(there(fixture), LIMITS);
        assertRolledBack(report, "");
        assertEquals(List.of("pause", "resume"), good.calls);
        assertEquals(List.of("pause"), bad.calls, "it is not resumed");
        fixture.writers.remove(bad);
        assertUntouched(fixture, segment);
      }
    }
  }

  @Test
  @DisplayName("a writer that fails to resume keeps no other one from it, and the swap is done")
  void aWriterThatFailsToResume() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter good = new PausedWriter("good");
      List.of(good, new PausedWriter("bad").failingToResume()).forEach(fixture.writers::add);
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertEquals(SwapPhase.DONE, report.phase());
      assertEquals(
          "the writer 'bad' failed to resume: java.lang.IllegalStateException: no",
          report.reason());
      assertEquals(List.of("pause", "resume"), good.calls);
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("who is registered at the switch is paused, whoever it was at the start")
  void writersComeAndGo() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter gone = new PausedWriter("gone").throwing(new IllegalStateException("gone"));
      PausedWriter came = new PausedWriter("came");
      fixture.writers.add(gone);
      fixture.steps =
          step -> {
            if (step.equals("round 1")) {
              fixture.writers.remove(gone);
              fixture.writers.add(came);
            }
          };
      assertDone(fixture.swap(there(fixture), LIMITS));
      assertEquals(List.of(), gone.calls);
      assertEquals(List.of("pause", "resume"), came.calls);
    }
  }

  @Test
  @DisplayName("a writer that comes when all others are paused has the swap rolled back")
  void aWriterComesTooLate() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.steps =
          step -> {
            if (step.equals("persist")) {
              fixture.writers.add(new PausedWriter("late"));
            }
          };
      assertRolledBack(fixture.swap(there(fixture), LIMITS), "the writer 'late' came after");
      assertUntouched(fixture, segment);
    }
  }

  @Test
  @DisplayName("a guest that writes faster than can be copied makes the swap give up, and say so")
  void noConvergence() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.steps =
          step -> {
            if (step.startsWith("round")) {
              fixture.fill();
            }
          };
      SwapReport report =
          fixture.swap(there(fixture), LIMITS.withDowntime(Duration.ZERO).withRounds(2));
      assertRolledBack(report, "after 2 rounds writers would still have to pause for");
      assertRolledBack(report, "more than the downtime limit of 0 ms: raise the limit");
      assertUntouched(fixture, segment);
    }
  }

  @Test
  @DisplayName("a copy that somebody corrupts behind the tracking is found by the comparison")
  void corruption() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.steps =
          step -> {
            if (step.equals("verify")) {
              try (FileChannel other =
                  FileChannel.open(path(fixture, 1), StandardOpenOption.WRITE)) {
                other.write(ByteBuffer.wrap(new byte[] {99}), SIZE - 1);
              }
            }
          };
      SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
      assertRolledBack(report, "verification found 4096 bytes at offset " + (SIZE - 4096));
      assertUntouched(fixture, segment);
    }
  }

  private static void withoutKernelTracking(SwapFixture fixture) {
    fixture.libc.with(Fault.ofEvery(SystemCall.USERFAULTFD, Errno.EPERM));
    fixture.libc.with(Fault.ofEvery(SystemCall.IOCTL_USERFAULTFD_NEW, Errno.EPERM));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName(
      "where the kernel can't track, the writers' logs do; where they keep none, all is copied"
          + " while they are paused")
  void noKernelTracking(boolean logs) throws Exception {
    try (SwapFixture fixture = new SwapFixture(2 << 20, Place.TMPFS)) {
      withoutKernelTracking(fixture);
      MemorySegment segment = fixture.region().segment();
      try (StampingGuest guest = new StampingGuest(segment).start(3, 2, logs, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        List<String> seen = new ArrayList<>();
        fixture.steps = seen::add;
        for (int number = 1; number <= 40; number++) {
          seen.clear();
          SwapReport report =
              fixture.swap(
                  Place.TMPFS.properties(fixture, number), LIMITS.withVerify(number % 4 == 0));
          assertDone(report);
          assertEquals(logs, seen.contains("round 1"));
          if (!logs) {
            assertEquals(segment.byteSize(), report.copied().bytes());
          }
          Path file = path(fixture, number);
          guest.whilePaused(
              () -> {
                guest.assertAllIn(segment);
                SwapTaskTest.assertHolds(guest, file);
              });
        }
      }
    }
  }

  @Test
  @DisplayName("a writer without a log that comes while others' logs are used is not overlooked")
  void aWriterWithoutALogComes() throws Exception {
    try (SwapFixture fixture = new SwapFixture(2 << 20, Place.TMPFS)) {
      withoutKernelTracking(fixture);
      MemorySegment segment = fixture.region().segment();
      try (StampingGuest guest = new StampingGuest(segment).start(1, 1, true, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        fixture.steps =
            step -> {
              if (step.equals("round 1")) {
                fixture.writers.add(new PausedWriter("new"));
              }
            };
        assertRolledBack(fixture.swap(there(fixture), LIMITS), "the writer 'new' came while");
        guest.whilePaused(() -> guest.assertAllIn(segment));
      }
    }
  }

  @Test
  @DisplayName("regions are swapped at the same time, each one once")
  void severalRegions() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.MEMFD, Place.ANONYMOUS, Place.MEMFD)) {
      fixture.fill();
      CyclicBarrier all = new CyclicBarrier(3);
      AtomicReference<String> refusal = new AtomicReference<>("");
      fixture.steps =
          step -> {
            if (step.equals("round 1")) {
              try {
                if (all.await(60, TimeUnit.SECONDS) == 0) {
                  SwapException again =
                      assertThrows(
                          SwapException.class,
                          () -> fixture.swaps.start(RAM0, there(fixture), LIMITS));
                  refusal.set("" + again.getMessage());
                }
                all.await(60, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new IOException(e);
              }
            }
          };
      List<SwapTask> tasks = new ArrayList<>();
      for (int number = 0; number < 3; number++) {
        Map<String, String> changes = new LinkedHashMap<>(there(fixture));
        changes.put("mem-path", fixture.folder.resolve("all" + number).toString());
        BackendId id = new BackendId("ram" + number);
        tasks.add((SwapTask) fixture.swaps.start(id, changes, LIMITS));
      }
      for (SwapTask task : tasks) {
        assertDone(end(task));
      }
      assertTrue(refusal.get().contains("a swap of it is under way"), refusal.get());
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("the end of the machine cancels what is under way, waits for it, and starts no more")
  void theMachineEnds() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      fixture.swaps.close();
      assertRolledBack(task.report(), "the machine ended");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.start(there(fixture), LIMITS));
      assertTrue(("" + refused.getMessage()).contains("the machine is ending"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("discard-data throws away what is left if the old memory had it, not the new one")
  void discardData(boolean old) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.ANONYMOUS)) {
      Map<String, String> first = new LinkedHashMap<>(Place.TMPFS.properties(fixture, 0));
      first.put("discard-data", old ? "on" : "off");
      assertDone(fixture.swap(first, LIMITS));
      fixture.fill();
      Map<String, String> second = new LinkedHashMap<>(there(fixture));
      second.put("discard-data", old ? "off" : "on");
      assertDone(fixture.swap(second, LIMITS));
      fixture.assertFilled();
      ByteBuffer left = ByteBuffer.wrap(Files.readAllBytes(path(fixture, 0)));
      assertEquals(old, left.equals(ByteBuffer.allocate(SIZE)), "the old file is zero");
    }
  }

  @Test
  @DisplayName("a file that another machine uses is refused, and gets no note beside it")
  void aFileInUse() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS);
        SwapFixture other = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Map<String, String> changes = new LinkedHashMap<>(there(fixture));
      changes.put("mem-path", path(other, 0).toString());
      SwapReport report = fixture.swap(changes, LIMITS);
      assertRolledBack(report, path(other, 0).toString());
      assertEquals(Set.of("tmpfs0"), other.files());
      assertUntouched(fixture, fixture.region().segment());
    }
  }

  @Test
  @DisplayName("a file that was overwritten in part is refused after the rollback")
  void overwrittenInPart() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Files.write(path(fixture, 1), new byte[SIZE]);
      fixture.steps = failing("persist", new IOException("mischief"));
      assertRolledBack(fixture.swap(there(fixture), LIMITS), "mischief");
      assertTrue(SwapJournal.refusal(path(fixture, 1)).contains("unfinished copy"));
      assertEquals("", SwapJournal.refusal(path(fixture, 0)));
    }
  }

  @Test
  @DisplayName("a region that fails while it is swapped stays failed")
  void theRegionFails() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.steps =
          step -> {
            if (step.equals("persist")) {
              fixture.region().fail(new IOException("the disk is on fire"));
            }
          };
      assertRolledBack(fixture.swap(there(fixture), LIMITS), "the disk is on fire");
      assertEquals(RegionState.FAILED, fixture.region().state());
      assertEquals(path(fixture, 0).toString(), fixture.region().backing());
    }
  }

  @Test
  @DisplayName("read-only memory is refused when it is planned")
  void readOnly() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      Map<String, String> changes = new LinkedHashMap<>(there(fixture));
      changes.put("readonly", "on");
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.swaps.plan(RAM0, changes, LIMITS));
      assertTrue(("" + refused.getMessage()).contains("readonly=on"), refused.getMessage());
    }
  }

  @Test
  @DisplayName("the file is truncated while pages are compared: rolled back, the region has failed")
  void truncatedMeanwhile() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.steps =
          step -> {
            if (step.equals("verify")) {
              try (FileChannel old = FileChannel.open(path(fixture, 0), StandardOpenOption.WRITE)) {
                old.truncate(SIZE / 2);
              }
            }
          };
      SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
      assertRolledBack(report, "its own memory can't be read any more");
      assertEquals(RegionState.FAILED, fixture.region().state());
      assertEquals(Set.of("tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("an error about memory of somebody else's rolls back, and does not fail the region")
  void aForeignFault() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.steps =
          step -> {
            if (step.equals("pause")) { // as a writer's own mapping may do in this thread
              throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
          };
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertRolledBack(report, "memory of somebody else failed");
      assertEquals(RegionState.ATTACHED, fixture.region().state());
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("two regions are not swapped to one file")
  void oneTargetForTwo() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS, Place.MEMFD)) {
      fixture.fill();
      RunningSwap first = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      BackendId other = new BackendId("ram1");
      SwapException refused =
          assertThrows(
              SwapException.class, () -> fixture.swaps.start(other, there(fixture), LIMITS));
      assertTrue(
          ("" + refused.getMessage())
              .contains(path(fixture, 1) + " is what memory backend 'ram0' is being swapped to"),
          refused.getMessage());
      first.cancel();
      assertRolledBack(end(first), "it was cancelled");
      assertEquals(Set.of("tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("properties are not changed, nor another swap planned, while a swap is under way")
  void changedMeanwhile() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Backend backend = fixture.machine.machine().find("ram0").orElseThrow();
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      String told =
          assertThrows(MachineException.class, () -> backend.set("discard-data", "on"))
              .getMessage();
      assertTrue(("" + told).contains("'ram0': it is being swapped, or changed"), told);
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.swaps.plan(RAM0, there(fixture), LIMITS));
      assertTrue(("" + refused.getMessage()).contains("a swap of it is under way"));
      task.cancel();
      end(task);
      assertEquals("on", backend.set("discard-data", "on"));
    }
  }

  @Test
  @DisplayName("a writer without a log that came and went while others' logs are used is noticed")
  void aWriterCameAndWent() throws Exception {
    try (SwapFixture fixture = new SwapFixture(2 << 20, Place.TMPFS)) {
      withoutKernelTracking(fixture);
      try (StampingGuest guest =
          new StampingGuest(fixture.region().segment()).start(1, 1, true, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        PausedWriter brief = new PausedWriter("brief");
        fixture.steps =
            step -> {
              if (step.equals("round 1")) {
                fixture.writers.add(brief);
                fixture.writers.remove(brief);
              }
            };
        assertRolledBack(fixture.swap(there(fixture), LIMITS), "the writer 'brief' came while");
      }
    }
  }

  @Test
  @DisplayName("memory that can't be tracked is not copied in a pause above the downtime limit")
  void tooLongAPause() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      withoutKernelTracking(fixture);
      fixture.writers.add(new PausedWriter("vcpu0"));
      SwapException refused =
          assertThrows(
              SwapException.class,
              () -> fixture.start(there(fixture), LIMITS.withDowntime(Duration.ZERO)));
      assertTrue(
          ("" + refused.getMessage()).contains("more than the downtime limit of 0 ms"),
          refused.getMessage());
      assertDone(fixture.swap(there(fixture), LIMITS));
    }
  }

  private static final Duration NEVER = Duration.ofHours(1);

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertTrue(latch.await(SwapFixture.LIMIT.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  @DisplayName(
      "a writer that hangs in its pause rolls back every swap that needs it, by name, all others go"
          + " on; when it comes back it is resumed, and the next swap is done")
  void aPauseThatHangs() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS, Place.MEMFD)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      PausedWriter good = new PausedWriter("good");
      PausedWriter bad = new PausedWriter("bad").hangingIn("pause");
      List.of(good, bad).forEach(fixture.writers::add);
      SwapLimits limits = LIMITS.withPause(Duration.ofMillis(200));
      RunningSwap first = fixture.start(there(fixture), limits);
      SwapTask other =
          (SwapTask)
              fixture.swaps.start(
                  new BackendId("ram1"),
                  Map.of("mem-path", fixture.folder.resolve("x").toString(), "qom-type", FILE),
                  limits);
      SwapReport one = end(first);
      SwapReport two = end(other);
      assertEquals(SwapPhase.ROLLED_BACK, one.phase());
      assertEquals(SwapPhase.ROLLED_BACK, two.phase());
      assertTrue((one.reason() + two.reason()).contains("the writer 'bad' "), one::reason);
      assertFalse(good.paused);
      bad.release.countDown();
      await(bad.resumed);
      assertUntouched(fixture, segment);
      assertFalse(bad.calls.contains("two at once"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("while a writer hangs in its pause, a cancel and the end of the machine roll back")
  void cancelledWhileAPauseHangs(boolean end) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter bad = new PausedWriter("bad").hangingIn("pause");
      fixture.writers.add(bad);
      RunningSwap task = fixture.start(there(fixture), LIMITS.withPause(NEVER));
      await(bad.inside);
      if (end) {
        fixture.swaps.close();
      } else {
        task.cancel();
      }
      assertRolledBack(end(task), end ? "the machine ended" : "it was cancelled");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      bad.release.countDown();
      await(bad.resumed);
    }
  }

  @Test
  @DisplayName("a writer that hangs when it is to resume: the swap is done, and says which it is")
  void aResumeThatHangs() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter good = new PausedWriter("good");
      PausedWriter bad = new PausedWriter("bad").hangingIn("resume");
      List.of(bad, good).forEach(fixture.writers::add);
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertEquals(SwapPhase.DONE, report.phase());
      assertTrue(
          report.reason().startsWith("the writer 'bad' did not come back from resume()"),
          report::reason);
      assertFalse(good.paused);
      SwapLimits limits = LIMITS.withPause(Duration.ofMillis(200));
      assertRolledBack(
          fixture.swap(Place.TMPFS.properties(fixture, 0), limits),
          "the writer 'bad' has not come back from resume() since");
      bad.release.countDown();
      assertDone(fixture.swap(Place.TMPFS.properties(fixture, 0), LIMITS));
      fixture.assertFilled();
    }
  }

  /** Tells one page, which hardware is said to have stored into; hangs on command. */
  private static final class HardwareLog implements DirtyLog {
    final CountDownLatch inside = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    private final long offset;
    private final String hangsIn;
    private volatile boolean stored;

    HardwareLog(long offset, String hangsIn) {
      this.offset = offset;
      this.hangsIn = hangsIn;
    }

    private void enter(String call) {
      if (call.equals(hangsIn)) {
        inside.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public void start(MemoryRegion region) {
      enter("start");
    }

    @Override
    public void collect(MemoryRegion region, Ranges into) {
      enter("collect");
      if (stored) {
        stored = false;
        into.add(offset, 1);
      }
    }

    @Override
    public void stop(MemoryRegion region) {
      enter("stop");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"round 2", "pause"})
  @DisplayName(
      "what a writer's log tells is copied, though the kernel tracks and has seen no such store")
  void logsAreJoinedWithTheKernel(String when) throws Exception {
    Assumptions.assumeTrue(new RamMapper().trackingObstacle().isEmpty(), "the kernel can't track");
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      HardwareLog log = new HardwareLog(5 * 4096 + 100, "");
      fixture.writers.add(new PausedWriter("nic").logging(log));
      fixture.steps =
          step -> {
            if (step.equals(when)) {
              // not through the mapping, as a device's transfer into a page that was pinned before
              try (FileChannel device =
                  FileChannel.open(path(fixture, 0), StandardOpenOption.WRITE)) {
                device.write(ByteBuffer.wrap(new byte[] {99}), 5 * 4096 + 100);
              }
              log.stored = true;
            }
          };
      assertDone(fixture.swap(there(fixture), LIMITS));
      assertEquals(99, fixture.region().segment().get(ValueLayout.JAVA_BYTE, 5 * 4096 + 100));
    }
  }

  @Test
  @DisplayName("a writer with a log that comes during a swap has it rolled back: its log is late")
  void aWriterWithALogComes() throws Exception {
    Assumptions.assumeTrue(new RamMapper().trackingObstacle().isEmpty(), "the kernel can't track");
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter nic = new PausedWriter("nic").logging(new HardwareLog(0, ""));
      fixture.steps =
          step -> {
            if (step.equals("round 1")) {
              fixture.writers.add(nic);
            }
          };
      assertRolledBack(
          fixture.swap(there(fixture), LIMITS),
          "the writer 'nic' came after the logs of all others had begun");
      fixture.steps = SwapTask.Steps.UNWATCHED;
      assertDone(fixture.swap(there(fixture), LIMITS));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"start", "collect"})
  @DisplayName("a log that hangs rolls the swap back, by name, and a cancel doesn't wait for it")
  void aLogThatHangs(String call) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      HardwareLog log = new HardwareLog(0, call);
      PausedWriter nic = new PausedWriter("nic").logging(log);
      fixture.writers.add(nic);
      RunningSwap task = fixture.start(there(fixture), LIMITS.withPause(NEVER));
      await(log.inside);
      task.cancel();
      // and its end doesn't wait for an hour until the log has stopped
      assertRolledBack(end(task), "it was cancelled");
      assertRolledBack(
          fixture.swap(there(fixture), LIMITS.withPause(Duration.ofMillis(200))),
          "the writer 'nic' did not come back from DirtyLog." + call + " within 200 ms");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      log.release.countDown();
      assertDone(fixture.swap(there(fixture), LIMITS));
    }
  }
}
