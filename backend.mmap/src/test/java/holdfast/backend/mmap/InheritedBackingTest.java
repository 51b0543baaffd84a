package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Proves that a file that another process has handed over is mapped as it is, with its lock, and
 * that nothing else is. On a disk and in memory.
 */
@Timeout(60)
class InheritedBackingTest {
  private static final Set<RamFlag> SHARED = Set.of(RamFlag.RAM_SHARED);

  /** What would change the file, or take a report of its loss from its owner. */
  private static final Set<SystemCall> CHANGES =
      Set.of(
          SystemCall.FTRUNCATE,
          SystemCall.FALLOCATE,
          SystemCall.FSYNC,
          SystemCall.SYNC_FILE_RANGE,
          SystemCall.MSYNC,
          SystemCall.UNLINK);

  @Test
  @DisplayName(
      "both blocks are the same memory; the lock is held until the last of them is closed; and"
          + " nothing of the file is changed, or synced, to open it")
  void sharesFileAndLock() throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      Path file = bench.file("file");
      RamBlock first = bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL);
      bench.libc.forget();
      RamBlock second =
          bench
              .mapper()
              .map(
                  Bench.spec(file, RamFlag.RAM_SHARED).inheriting(first.descriptor().getAsInt()),
                  Bench.KERNEL);
      assertEquals(
          List.of(),
          bench.libc.made().stream().filter(call -> CHANGES.contains(call.call())).toList());
      first.segment().set(ValueLayout.JAVA_LONG, 4096, 42);
      assertEquals(42, second.segment().get(ValueLayout.JAVA_LONG, 4096));
      first.close();
      assertThrows(
          BackingLockedException.class,
          () -> bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL));
      second.segment().set(ValueLayout.JAVA_LONG, 0, 43);
      second.persist(0, Bench.SIZE.bytes());
      second.close();
      try (RamBlock third =
          bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL)) {
        assertEquals(43, third.segment().get(ValueLayout.JAVA_LONG, 0));
      }
    }
  }

  @Test
  @DisplayName("a memfd, and a file without a name in a folder, are shared as well")
  void withoutName() throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      for (Backing backing :
          List.of(new Backing.Memfd(false, ByteSize.ZERO, true), new Backing.File(bench.folder))) {
        RamBlockSpec spec = RamBlockSpec.of(new BackendId("m"), backing, Bench.SIZE, SHARED);
        try (RamBlock first = bench.mapper().map(spec, Bench.KERNEL);
            RamBlock second =
                bench.mapper().map(spec.inheriting(first.descriptor().getAsInt()), Bench.KERNEL)) {
          second.segment().set(ValueLayout.JAVA_LONG, 4096, 42);
          assertEquals(42, first.segment().get(ValueLayout.JAVA_LONG, 4096));
        }
      }
    }
  }

  @Test
  @DisplayName("what is not the file that the path names is refused, and stays as it is")
  void refused() throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      Path file = bench.file("file");
      Path other = bench.file("other");
      Path link = Files.createSymbolicLink(bench.folder.resolve("link"), file);
      Backing memfd = new Backing.Memfd(false, ByteSize.ZERO, true);
      List<Backing> wrong =
          List.of(
              new Backing.File(other),
              new Backing.File(bench.folder),
              new Backing.File(bench.folder.resolve("nothing")),
              new Backing.File(link),
              memfd);
      try (RamBlock owner =
          bench.mapper().map(Bench.spec(file, RamFlag.RAM_SHARED), Bench.KERNEL)) {
        int descriptor = owner.descriptor().getAsInt();
        for (Backing backing : wrong) {
          RamBlockSpec asked = RamBlockSpec.of(new BackendId("m"), backing, Bench.SIZE, SHARED);
          BackingKindException refusal =
              assertThrows(
                  BackingKindException.class,
                  () -> bench.mapper().map(asked.inheriting(descriptor), Bench.KERNEL),
                  backing::toString);
          assertTrue(refusal.getMessage().contains("handed over"), refusal::getMessage);
        }
        RamBlockSpec greater =
            Bench.spec(file, RamFlag.RAM_SHARED).withSize(ByteSize.mib(1)).inheriting(descriptor);
        assertThrows(BackingSizeException.class, () -> bench.mapper().map(greater, Bench.KERNEL));
      }
      assertArrayEquals(Bench.content(Bench.SIZE), Files.readAllBytes(file));
      assertTrue(Files.notExists(bench.folder.resolve("nothing")));
    }
  }

  @Test
  @DisplayName("whichever system call fails, a block works all the same or nothing is left behind")
  void everyCallFailsInTurn() throws Exception {
    List<RecordedCall> calls;
    try (Bench bench = new Bench(Storage.disk());
        Giver giver = new Giver(bench.file("file"))) {
      bench.mapper().map(giver.spec(), Bench.KERNEL).close();
      calls = bench.libc.made();
    }
    int failures = 0;
    for (RecordedCall victim : calls) {
      for (int errno : Errnos.of(victim)) {
        try (Bench bench = new Bench(Storage.disk())) {
          Path file = bench.file("file");
          bench.libc.with(
              Fault.ofCall(victim.number(), errno)
                  .doing(MapFaultTest.harmsOf(victim).iterator().next()));
          failures += worksOrFails(bench, file) ? 0 : 1;
          assertEquals(List.of(), bench.leaks().leaks(), victim + " " + Errnos.name(errno));
          assertArrayEquals(Bench.content(Bench.SIZE), Files.readAllBytes(file));
        }
      }
    }
    assertTrue(failures > 3, failures + " of " + calls.size());
  }

  private static boolean worksOrFails(Bench bench, Path file) throws IOException {
    try (Giver giver = new Giver(file);
        RamBlock block = bench.mapper().map(giver.spec(), Bench.KERNEL)) {
      byte first = block.segment().get(ValueLayout.JAVA_BYTE, 0);
      assertEquals(Bench.content(Bench.SIZE)[0], first);
      return true;
    } catch (RamBlockException failure) {
      Sentences.assertNames(failure, file.toString());
      return false;
    } catch (ErrnoException e) {
      throw new AssertionError(e);
    }
  }

  /** Another process's descriptor. */
  private static final class Giver implements AutoCloseable {
    final Path file;
    private final int descriptor;

    Giver(Path file) throws ErrnoException {
      this.file = file;
      this.descriptor = HostLibc.instance().open(file, KernelConstants.O_RDWR, 0);
    }

    RamBlockSpec spec() {
      return Bench.spec(file, RamFlag.RAM_SHARED).inheriting(descriptor);
    }

    @Override
    public void close() throws IOException {
      try {
        HostLibc.instance().close(descriptor);
      } catch (ErrnoException e) {
        throw new IOException(e);
      }
    }
  }
}
