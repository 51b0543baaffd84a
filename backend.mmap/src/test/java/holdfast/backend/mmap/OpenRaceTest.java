package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.linux.HostLibc;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.KnownBytes;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What others do to the file while a block is being made on it. */
@Timeout(60)
class OpenRaceTest {

  /** Something that happens just before the first call that is {@code moment}; nothing fails. */
  private static Fault before(Predicate<RecordedCall> moment, Happening happening) {
    boolean[] happened = {false};
    return new Fault(
        made -> {
          if (!happened[0] && moment.test(made)) {
            happened[0] = true;
            try {
              happening.happen();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
          return false;
        },
        0,
        Fault.Harm.NONE);
  }

  private interface Happening {
    void happen() throws IOException;
  }

  private static boolean creates(RecordedCall made) {
    return made.call() == SystemCall.OPEN
        && ((int) made.arguments().get(1) & HostLibc.instance().constants().openCreat()) != 0;
  }

  @Test
  @DisplayName("a file that somebody makes between the look and the creation is used as it is")
  void aFileThatAppears() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.folder.resolve("file");
      bench.libc.with(before(OpenRaceTest::creates, () -> bench.file("file")));
      RamBlock block = bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL);
      assertEquals(KnownBytes.at(5), block.segment().get(ValueLayout.JAVA_BYTE, 5));
      block.discard();
      assertTrue(Files.exists(path), "it is not ours");
    }
  }

  @Test
  @DisplayName("a link that somebody puts between the look and the creation is not followed")
  void aLinkThatAppears() throws IOException {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.folder.resolve("file");
      Path elsewhere = bench.folder.resolve("elsewhere");
      bench.libc.with(
          before(OpenRaceTest::creates, () -> Files.createSymbolicLink(path, elsewhere)));
      assertThrows(
          RamBlockException.class,
          () -> bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
      assertTrue(Files.notExists(elsewhere));
    }
  }

  @Test
  @DisplayName(
      "a link that takes the file's place after the look changes nothing: the file is open")
  void aLinkThatTakesThePlace() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      Path victim = Files.write(bench.folder.resolve("victim"), new byte[100]);
      bench.libc.with(
          before(
              made -> made.call() == SystemCall.STATX,
              () -> {
                Files.move(path, bench.folder.resolve("moved"));
                Files.createSymbolicLink(path, victim);
              }));
      try (RamBlock block =
          bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL)) {
        assertEquals(KnownBytes.at(5), block.segment().get(ValueLayout.JAVA_BYTE, 5));
      }
      assertEquals(100, Files.size(victim));
    }
  }

  @Test
  @DisplayName("a file that keeps appearing and vanishing is given up, after a bounded time")
  void aFileThatKeepsAppearingAndVanishing() throws IOException {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      bench.libc.with(
          new Fault(
              made -> made.call() == SystemCall.OPEN && !creates(made),
              Errno.ENOENT,
              Fault.Harm.NONE));
      assertThrows(
          BackingOpenException.class,
          () -> bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
    }
  }

  @Test
  @DisplayName("a file that its creator takes back before it is locked here is made anew")
  void aFileThatIsTakenBack() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      bench.libc.with(before(made -> made.call() == SystemCall.FCNTL, () -> Files.delete(path)));
      try (RamBlock block =
          bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL)) {
        block.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 42);
        block.persist(0, 1);
        assertEquals(42, Files.readAllBytes(path)[0]);
      }
    }
  }

  @Test
  @DisplayName("a file that is taken back each time before it is locked is given up")
  void aFileThatIsTakenBackEachTime() throws IOException {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      bench.libc.with(
          new Fault(
              made -> {
                try {
                  switch (made.call()) {
                    case FCNTL -> Files.delete(path);
                    case CLOSE -> Files.write(path, new byte[1]);
                    default -> {}
                  }
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
                return false;
              },
              0,
              Fault.Harm.NONE));
      assertThrows(
          BackingOpenException.class,
          () -> bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
    }
  }

  @Test
  @DisplayName("a file made here that somebody else has locked first is theirs, and stays")
  void aFileThatSomebodyElseLocksFirst() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        Bench theirs = new Bench(Storage.disk())) {
      Path path = bench.folder.resolve("file");
      RamBlock[] other = new RamBlock[1];
      bench.libc.with(
          before(
              made -> made.call() == SystemCall.FCNTL,
              () -> {
                try {
                  other[0] =
                      theirs.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL);
                } catch (RamBlockException e) {
                  throw new IOException(e);
                }
              }));
      assertThrows(
          BackingLockedException.class,
          () -> bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
      assertEquals(Bench.SIZE.bytes(), Files.size(path));
      other[0].segment().set(ValueLayout.JAVA_LONG, 0, 1);
      other[0].close();
    }
  }

  @Test
  @DisplayName(
      "a private block that is discarded leaves the file to a private block that came later")
  void aSharedFileIsNotTakenBack() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      for (boolean empty : new boolean[] {true, false}) {
        Path path = bench.folder.resolve("file" + empty);
        if (empty) {
          Files.createFile(path);
        }
        RamBlock first = bench.mapper().map(Bench.spec(path), Bench.KERNEL);
        RamBlock second = bench.mapper().map(Bench.spec(path), Bench.KERNEL);
        first.discard();
        assertEquals(Bench.SIZE.bytes(), Files.size(path));
        assertEquals(0, second.segment().get(ValueLayout.JAVA_LONG, 4096));
        second.close();
      }
    }
  }

  @Test
  @DisplayName(
      "a file system without locks: the block is made all the same, and the operator is warned")
  void aFileSystemWithoutLocks() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      bench.libc.with(Fault.ofEvery(SystemCall.FCNTL, Errnos.ENOLCK));
      Path path = bench.folder.resolve("file");
      bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), Bench.KERNEL).discard();
      assertTrue(Files.notExists(path));
      assertEquals(1, log.complaints().size());
      assertTrue(log.complaints().getFirst().contains("can't lock it (ENOLCK"));
    }
  }
}
