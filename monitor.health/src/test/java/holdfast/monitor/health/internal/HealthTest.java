package holdfast.monitor.health.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.host.testkit.Storage;
import holdfast.machine.admin.HostException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineStatus.Phase;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.OpenMachine;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What health checks say of a machine of a library, with files on a disk. */
@Timeout(120)
class HealthTest {
  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.disk().newFolder();
  }

  @AfterEach
  void removeFolder() throws IOException {
    Storage.remove(folder);
  }

  private Holdfast open(String properties) throws Exception {
    return Holdfast.open(
        "-m",
        "1M",
        "-object",
        "memory-backend-file,id=m0,size=4M,share=on,mem-path="
            + folder.resolve("F")
            + (properties.isEmpty() ? "" : "," + properties));
  }

  private static void assertSays(Result.Status status, String words, HealthCheck check) {
    Result result = check.execute();
    String said = result.toString();
    assertEquals(status, result.getStatus(), said);
    StringBuilder all = new StringBuilder();
    result.forEach(entry -> all.append(entry.getMessage()).append('\n'));
    assertTrue(all.toString().contains(words), all::toString);
  }

  @ParameterizedTest
  @CsvSource({
    "UP, OK",
    "STARTING, TEMPORARILY_UNAVAILABLE",
    "WAITING, TEMPORARILY_UNAVAILABLE",
    "INCOMPLETE, TEMPORARILY_UNAVAILABLE",
    "UNCONFIGURED, WARN",
    "FAILED, CRITICAL",
    "ENDED, CRITICAL",
  })
  @DisplayName("a machine in each phase of its life, with the reason")
  void phases(Phase phase, Result.Status expected) {
    MachineStatus status = new MachineStatus(phase, phase == Phase.UP ? "" : "the reason", false);
    MachineAdmin admin =
        (MachineAdmin)
            Proxy.newProxyInstance(
                MachineAdmin.class.getClassLoader(),
                new Class<?>[] {MachineAdmin.class},
                (proxy, method, arguments) -> status);
    assertSays(expected, status.sentence(), new MachineHealth(admin));
  }

  @Test
  @DisplayName("a healthy machine, and one that has ended")
  void healthy() throws Exception {
    Holdfast machine = open("");
    MachineAdmin admin = machine.admin();
    try {
      assertSays(Result.Status.OK, "the machine is up", new MachineHealth(admin));
      assertSays(Result.Status.OK, "every region", new RegionHealth(admin));
      assertSays(Result.Status.OK, "as durable", new DurabilityHealth(admin));
      assertSays(Result.Status.OK, "nearly full", new SpaceHealth(admin));
      assertSays(Result.Status.OK, "no swap", new SwapHealth(admin));
    } finally {
      machine.close();
    }
    assertSays(Result.Status.CRITICAL, "ended", new MachineHealth(admin));
    assertSays(Result.Status.OK, "nothing to look at", new RegionHealth(admin));
  }

  @Test
  @DisplayName("less durable than asked for: a warning, and nothing where nothing is asked for")
  void durability() throws Exception {
    try (Holdfast machine = open("pmem=on")) {
      assertSays(
          Result.Status.WARN, "cache-line was asked for", new DurabilityHealth(machine.admin()));
    }
    try (Holdfast machine = open("pmem=on,x-durability=off")) {
      assertSays(Result.Status.OK, "as durable", new DurabilityHealth(machine.admin()));
    }
  }

  @Test
  @DisplayName("a region that has failed is critical, with its file")
  void failed() throws Exception {
    try (Holdfast machine = open("")) {
      try (RandomAccessFile file = new RandomAccessFile(folder.resolve("F").toFile(), "rw")) {
        file.setLength(4096);
      }
      assertThrows(HostException.class, () -> machine.admin().persist("m0", 0, 4L << 20));
      assertSays(
          Result.Status.CRITICAL,
          "memory backend 'm0' on " + folder.resolve("F") + " has failed: ",
          new RegionHealth(machine.admin()));
    }
  }

  @Test
  @DisplayName("a swap that gets no further is told of after a minute, and not before")
  void stuckSwap() throws Exception {
    try (Holdfast machine = open("")) {
      MachineAdmin admin = machine.admin();
      AtomicLong now = new AtomicLong();
      SwapHealth check = new SwapHealth(admin, now::get);
      RunningSwap swap =
          admin.swap(
              "m0",
              Map.of("mem-path", folder.resolve("G").toString()),
              SwapLimits.DEFAULT.withBandwidth(new ByteSize(1024)));
      awaitFirstPortion(swap);
      assertSays(Result.Status.OK, "no swap", check);
      now.addAndGet(TimeUnit.SECONDS.toNanos(59));
      assertSays(Result.Status.OK, "no swap", check);
      now.addAndGet(TimeUnit.SECONDS.toNanos(2));
      assertSays(
          Result.Status.WARN, "has been at copy with 1M copied for 61 s: cancel it with", check);
      swap.cancel();
      swap.await(Duration.ofSeconds(60));
      assertSays(Result.Status.OK, "no swap", check);
    }
  }

  @Test
  @DisplayName(
      "a migration: critical while it is undecided, a warning if it failed, otherwise well")
  void migrations() throws Exception {
    try (OpenMachine there = OpenMachine.of()) {
      HealthCheck check = new MigrationHealth(there.admin());
      assertSays(Result.Status.OK, "no migration was started", check);
      there.admin().migration().migrate("tcp:b:1");
      assertSays(Result.Status.OK, "migration to tcp:b:1: setup", check);
      there.migration.become(MigrationState.FAILED, 1);
      assertSays(Result.Status.WARN, "failed after 1.5 s: the peer is gone", check);
      there.migration.become(MigrationState.UNDECIDED, 1);
      assertSays(Result.Status.CRITICAL, "with ram:migrate_decide", check);
      there.migration.become(MigrationState.COMPLETED, 1);
      assertSays(Result.Status.OK, "completed", check);
      there.become(Ownership.UNDECIDED, true);
      assertSays(Result.Status.CRITICAL, "has to be decided", check);
    }
    try (Holdfast machine = open("")) {
      MachineAdmin admin = machine.admin();
      machine.close();
      assertSays(Result.Status.OK, "nothing to look at", new MigrationHealth(admin));
    }
  }

  /** The next one is more than a quarter of an hour away. */
  private static void awaitFirstPortion(RunningSwap swap) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (swap.report().copied().bytes() == 0) {
      assertTrue(System.nanoTime() < limit, "nothing is copied");
      Thread.onSpinWait();
    }
  }
}
