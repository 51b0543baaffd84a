package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.copy.PausedWriter;
import holdfast.machine.core.Holdfast;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operator's service of a library's machine with live swaps, on temporary files. */
@Timeout(120)
class AdminWithSwapsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path folder;

  private Holdfast machine;
  private MachineAdmin admin;

  @BeforeEach
  void open() throws Exception {
    machine =
        Holdfast.open(
            "-machine", "pc,nvdimm=on",
            "-m", "1M,slots=2,maxmem=1G",
            "-object", "memory-backend-file,id=m1,size=4M,share=on,mem-path=" + path("old.img"));
    admin = machine.admin();
  }

  @AfterEach
  void close() {
    machine.close();
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  /** A swap that takes its time: a MiB a second. */
  private RunningSwap slowSwap() throws Exception {
    return admin.swap(
        "m1",
        Map.of("mem-path", path("new.img")),
        SwapLimits.DEFAULT.withBandwidth(ByteSize.mib(1)));
  }

  @Test
  @DisplayName("a memory backend is not removed while it is swapped, and is after that")
  void whileItIsSwapped() throws Exception {
    RunningSwap swap = slowSwap();
    assertThrows(BusyException.class, () -> admin.removeObject("m1"));
    assertTrue(admin.runningSwap("m1").isPresent());
    swap.cancel();
    assertEquals(SwapPhase.ROLLED_BACK, swap.await(LIMIT).phase());

    admin.removeObject("m1");
    assertThrows(NoSuchObjectException.class, () -> admin.object("m1"));
    assertThrows(NoSuchObjectException.class, () -> admin.runningSwap("m1"));
  }

  /** What somebody else does to the new file. */
  private interface Harm {
    void done(Path file) throws IOException;
  }

  /** A swap of known bytes, to whose new file that is done when a part of them is copied. */
  private void assertRolledBack(Harm harm) throws Exception {
    machine.region("m1").orElseThrow().segment().fill((byte) 7);
    RunningSwap swap = slowSwap();
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (swap.report().copied().bytes() < 2 << 20) {
      assertTrue(System.nanoTime() < limit, () -> "" + swap.report());
      Thread.onSpinWait();
    }
    harm.done(folder.resolve("new.img"));
    assertEquals(SwapPhase.ROLLED_BACK, swap.await(LIMIT).phase(), () -> "" + swap.report());
    assertEquals(Optional.of(folder.resolve("old.img")), admin.object("m1").path());
    admin.persist("m1", 0, 4 << 20);
    assertEquals(7, Files.readAllBytes(folder.resolve("old.img"))[1]);
  }

  @Test
  @DisplayName("a new file that is cut during the swap is never taken for a whole one")
  void cut() throws Exception {
    assertRolledBack(
        file -> {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(4096);
          }
        });
  }

  @Test
  @DisplayName("nor is one whose name is gone, or leads to another file")
  void anotherFile() throws Exception {
    assertRolledBack(Files::delete);
    Files.deleteIfExists(folder.resolve("new.img"));
    assertRolledBack(
        file -> {
          Files.move(file, file.resolveSibling("elsewhere"));
          Files.write(file, new byte[4 << 20]);
        });
  }

  @Test
  @DisplayName("a machine that is stopped is swapped all the same, and goes on when it is told to")
  void swapsWhileStopped() throws Exception {
    PausedWriter vcpu = new PausedWriter("vcpu0");
    machine.addWriter(vcpu);
    admin.stop();
    assertEquals(new MachineStatus(MachineStatus.Phase.UP, "", true), admin.status());
    RunningSwap swap = admin.swap("m1", Map.of("mem-path", path("new.img")), SwapLimits.DEFAULT);
    assertEquals(SwapPhase.DONE, swap.await(LIMIT).phase());
    assertTrue(vcpu.paused, "its operator stopped it");
    admin.cont();
    assertFalse(vcpu.paused);
    assertEquals(List.of("pause", "resume"), vcpu.calls);
  }

  @Test
  @DisplayName("writers that are stopped at the machine's end go on when its memory is gone")
  void endsWhileStopped() throws Exception {
    PausedWriter vcpu = new PausedWriter("vcpu0");
    machine.addWriter(vcpu);
    admin.stop();
    machine.close();
    assertTrue(vcpu.resumed.await(60, TimeUnit.SECONDS));
  }

  @Test
  @DisplayName("a writer that does not stop in time: the refusal names it, and nobody is stopped")
  void doesNotStop() throws Exception {
    machine.addWriter(new PausedWriter("late").late());
    BusyException refusal = assertThrows(BusyException.class, admin::stop);
    assertTrue(refusal.getMessage().contains("'late'"), refusal.getMessage());
    assertFalse(admin.status().stopped());
  }

  @Test
  @DisplayName("however many stop and resume the writers, the events tell it as it was")
  void stopsAreEventsInOrder() throws Exception {
    machine.addWriter(new PausedWriter("vcpu0"));
    List<Boolean> told = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch ended = new CountDownLatch(1);
    try (var _ =
            admin.subscribe(
                event -> {
                  switch (event.change()) {
                    case AdminEvent.StatusChanged(var status) -> told.add(status.stopped());
                    case AdminEvent.ObjectRemoved _ -> ended.countDown();
                    default -> {}
                  }
                });
        ExecutorService operators = Executors.newFixedThreadPool(3)) {
      List<Future<?>> all = new ArrayList<>();
      for (int operator = 0; operator < 3; operator++) {
        all.add(
            operators.submit(
                () -> {
                  for (int time = 0; time < 100; time++) {
                    admin.stop();
                    admin.cont();
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get(60, TimeUnit.SECONDS);
      }
      admin.removeObject("m1"); // the last event
      assertTrue(ended.await(60, TimeUnit.SECONDS));
    }
    for (int at = 0; at < told.size(); at++) {
      assertEquals(at % 2 == 0, told.get(at), "event " + at);
    }
    assertFalse(admin.status().stopped());
  }

  @Test
  @DisplayName("each phase of a swap is an event, up to its end")
  void swapsAreEvents() throws Exception {
    List<AdminEvent> events = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch done = new CountDownLatch(1);
    try (var _ =
        admin.subscribe(
            event -> {
              events.add(event);
              if (event.change() instanceof AdminEvent.SwapProgressed(var report)
                  && report.phase() == SwapPhase.DONE) {
                done.countDown();
              }
            })) {
      admin.swap("m1", Map.of("mem-path", path("new.img")), SwapLimits.DEFAULT).await(LIMIT);
      assertTrue(done.await(60, TimeUnit.SECONDS));
    }
    List<SwapPhase> phases = new ArrayList<>();
    for (AdminEvent event : List.copyOf(events)) {
      if (event.change() instanceof AdminEvent.SwapProgressed(var report)
          && (phases.isEmpty() || phases.getLast() != report.phase())) {
        phases.add(report.phase());
      }
    }
    assertEquals(
        List.of(
            SwapPhase.PREPARE, SwapPhase.COPY, SwapPhase.SWITCH, SwapPhase.RELEASE, SwapPhase.DONE),
        phases);
    assertEquals(path("new.img"), admin.object("m1").path().orElseThrow().toString());
  }

  @Test
  @DisplayName("a memory backend that has not failed is not evacuated")
  void noEvacuation() {
    assertThrows(RefusedException.class, () -> admin.evacuate("m1", folder.resolve("rescued")));
  }
}
