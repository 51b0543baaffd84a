package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.CopyTarget;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.RetiredBlockException;
import holdfast.host.linux.Errno;
import holdfast.host.linux.Libc;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.LiveAccess;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A block takes another one's place, and what that leaves behind is released later. */
@Timeout(60)
class ExchangeTest {
  private final Path old = Path.of("old");

  private RamBlock map(Bench bench, Path name) throws IOException, RamBlockException {
    return bench
        .mapper()
        .map(Bench.spec(bench.file(name.toString()), RamFlag.RAM_SHARED), Bench.KERNEL);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "the new block serves at once, the old file is open until the release, and then nothing is"
          + " left; whether the kernel can move a mapping away or not")
  void releasedLater(boolean refused) throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      RamBlock present = map(bench, old);
      RamBlock next = map(bench, Path.of("new"));
      Set<Integer> descriptors = bench.libc.descriptors();
      MemorySegment segment = present.segment();
      if (refused) {
        bench.libc.with(Fault.ofEvery(SystemCall.MREMAP, Errno.EINVAL));
      }
      try (LiveAccess guest = LiveAccess.over(segment)) {
        BlockExchange[] made = new BlockExchange[1];
        guest.whileWriterPauses(
            () -> {
              next.segment().copyFrom(segment);
              made[0] = next.exchange(present);
            });
        assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
        assertThrows(RetiredBlockException.class, () -> next.persist(0, 1));
        assertTrue(LeakCheck.isLocked(bench.folder.resolve("old")));
        next.close(); // does nothing any more
        guest.awaitProgress();
        made[0].release();
        made[0].release();
        assertFalse(LeakCheck.isLocked(bench.folder.resolve("old")));
        assertEquals(descriptors.size() - 1, bench.libc.descriptors().size());
        List<AddressRange> left = bench.libc.mapped();
        assertEquals(1, left.size(), left::toString);
        assertEquals(segment.address(), left.getFirst().from());
        guest.awaitProgress();
        guest.close();
        guest.assertHeldBy(made[0].block().segment());
        made[0].block().close();
      }
    }
  }

  @Test
  @DisplayName(
      "an error once the new memory is in place doesn't bring the old block back: what is stored"
          + " then goes to the new file, and is persisted there")
  void errorBehindTheMapping() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      RamBlock present = map(bench, old);
      long window = present.segment().address();
      boolean[] armed = {false};
      Libc failing =
          (Libc)
              Proxy.newProxyInstance(
                  Libc.class.getClassLoader(),
                  new Class<?>[] {Libc.class},
                  (proxy, method, arguments) -> {
                    if (armed[0]
                        && method.getName().equals("madvise")
                        && arguments[0].equals(window)) {
                      throw new StackOverflowError("of a test");
                    }
                    try {
                      return method.invoke(bench.libc, arguments);
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  });
      RamBlock next =
          new RamMapper(failing, Path.of("/sys"))
              .map(Bench.spec(bench.file("new"), RamFlag.RAM_SHARED), Bench.KERNEL);
      next.segment().copyFrom(present.segment());
      armed[0] = true;
      BlockExchange made = next.exchange(present);
      armed[0] = false;
      made.block().segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 97);
      made.block().persist(0, 1);
      assertEquals(97, Files.readAllBytes(bench.folder.resolve("new"))[0]);
      assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
      made.release();
      made.block().close();
    }
  }

  @Test
  @DisplayName("a tracked mapping is moved away, too: nobody waits for a message about it")
  void tracked() throws IOException, RamBlockException {
    Tracked.assumeTrackable();
    try (Bench bench = new Bench(Storage.tmpfs())) {
      RamBlock present = map(bench, old);
      RamBlock next = map(bench, Path.of("new"));
      RamBlock now;
      try (DirtyTracking tracking = present.track()) {
        present.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 99);
        next.segment().copyFrom(present.segment());
        BlockExchange made = next.exchange(present);
        now = made.block();
        made.release();
      }
      assertEquals(1, bench.libc.made(SystemCall.MREMAP).size());
      assertEquals(99, now.segment().get(ValueLayout.JAVA_BYTE, 0));
      now.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 98);
      now.close();
    }
  }

  @Test
  @DisplayName(
      "the pages of a mapping that is to be moved aren't looked through for merged ones: it may be"
          + " merged before and after")
  void merging() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.tmpfs())) {
      RamBlock present = map(bench, old);
      RamBlock next =
          bench
              .mapper()
              .map(
                  RamBlockSpec.of(
                      new BackendId("nv_be5"),
                      MemoryKind.ANONYMOUS.backing(bench.folder),
                      Bench.SIZE,
                      MemoryKind.ANONYMOUS.flags()),
                  Bench.KERNEL);
      Assumptions.assumeTrue(isMergeable(next), "this kernel merges no pages");
      next.expectCopy().close();
      assertFalse(isMergeable(next));
      RamBlock now = next.replace(present);
      assertTrue(isMergeable(now));
      now.close();
    }
  }

  private static boolean isMergeable(RamBlock block) {
    return List.of(block.evidence().vmFlags().split(" ")).contains("mg");
  }

  @Test
  @DisplayName(
      "addresses that were only tried are given back once: a munmap that fails, and may have"
          + " unmapped them all the same, is not made again, since they may be another thread's")
  void triedAddresses() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.tmpfs());
        LogCapture quiet = new LogCapture()) {
      RamBlock present = map(bench, old);
      RamBlock next = map(bench, Path.of("new"));
      bench.libc.forget();
      bench.libc.with(Fault.ofNext(SystemCall.MUNMAP, Errno.ENOMEM).doing(Fault.Harm.DONE));
      BlockExchange made = next.exchange(present);
      made.release();
      List<RecordedCall> unmapped = bench.libc.made(SystemCall.MUNMAP);
      long different = unmapped.stream().map(RecordedCall::arguments).distinct().count();
      assertEquals(unmapped.size(), different, unmapped::toString);
      assertEquals(1, bench.libc.mapped().size(), bench.libc.mapped()::toString);
      made.block().close();
    }
  }

  @Test
  @DisplayName("a write-back that was only started and failed is a loss like any other")
  void aStartedWriteBackFails() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock present = map(bench, old);
        RamBlock next = map(bench, Path.of("new"))) {
      try (CopyTarget target = next.expectCopy()) {
        target.copy(present.segment(), 0, 5000);
        target.copy(present.segment(), 5000, Bench.SIZE.bytes() - 5000);
      }
      assertEquals(-1, next.segment().mismatch(present.segment()));
      next.startWriteBack(0, 0);
      next.startWriteBack(4096, 8192);
      assertEquals(1, bench.libc.made(SystemCall.SYNC_FILE_RANGE).size());
      bench.libc.with(Fault.ofNext(SystemCall.SYNC_FILE_RANGE, Errno.EIO));
      assertThrows(PersistException.class, () -> next.startWriteBack(0, 4096));
      assertTrue(next.writeBackFailure().isPresent());
      assertThrows(PersistException.class, () -> next.persist(0, 1));
      assertThrows(RemapRefusedException.class, () -> next.exchange(present));
      present.persist(0, 1);
    }
  }

  @Test
  @DisplayName("memory without a disk is prepared for a copy by nothing at all")
  void nothingToPrepare() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.tmpfs());
        RamBlock block = map(bench, old)) {
      bench.libc.forget();
      block.expectCopy().close();
      block.startWriteBack(0, 4096);
      assertEquals(List.of(), bench.libc.made());
    }
  }
}
