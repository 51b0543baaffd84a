package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.RetiredBlockException;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.LiveAccess;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests that a block that can't replace another is refused, and both stay as they are. */
interface ReplaceRefusalContract extends Contract {
  /** An alignment that a window hardly ever has by chance. */
  Alignment WIDE = new Alignment(1L << 36);

  private RamBlock block(String name, RamFlag... flags) throws RamBlockException, IOException {
    return fixture().allocator().allocate(fixture().spec(fixture().file(name), flags));
  }

  private void assertRefused(RamBlock next, RamBlock present, String words)
      throws RamBlockException {
    fixture().libc().forget();
    String reason = next.replaceObstacle(present).orElseThrow();
    assertTrue(reason.contains(words), reason);
    RemapRefusedException refusal =
        assertThrows(RemapRefusedException.class, () -> next.replace(present));
    assertEquals(reason, refusal.reason());
    Sentences.assertNames(refusal, present.spec().id().toString());
    Sentences.assertNames(refusal, present.spec().backing().toString());
    assertEquals(List.of(), fixture().libc().made(), "something was touched");
    next.persist(0, 1);
    present.persist(0, 1);
  }

  @Test
  @DisplayName("a block of the same size and mode can take the place, and says so")
  default void nothingAgainstIt() throws RamBlockException, IOException {
    try (RamBlock present = block("old", RamFlag.RAM_SHARED);
        RamBlock next = block("new", RamFlag.RAM_SHARED);
        RamBlock other = block("private")) {
      assertEquals(Optional.empty(), next.replaceObstacle(present));
      assertEquals(Optional.empty(), other.replaceObstacle(present));
      assertEquals(Optional.empty(), present.replaceObstacle(other));
    }
  }

  @Test
  @DisplayName("a block of another size is refused, with both sizes")
  default void anotherSize() throws RamBlockException, IOException {
    ByteSize twice = ByteSize.kib(512);
    RamBlockSpec larger =
        AllocatorFixture.withSize(
            fixture().spec(fixture().file("new", twice), RamFlag.RAM_SHARED), twice);
    try (RamBlock present = block("old", RamFlag.RAM_SHARED);
        RamBlock next = fixture().allocator().allocate(larger)) {
      assertRefused(next, present, "size=" + present.spec().size() + ", not " + twice);
      assertRefused(present, next, "size=" + twice + ", not " + present.spec().size());
    }
  }

  @Test
  @DisplayName("addresses that don't suit the new block's alignment are refused, with both")
  default void anotherAlignment() throws RamBlockException, IOException {
    RamBlockSpec wide = fixture().spec(fixture().file("new"), RamFlag.RAM_SHARED).withAlign(WIDE);
    try (RamBlock present = block("old", RamFlag.RAM_SHARED);
        RamBlock next = fixture().allocator().allocate(wide)) {
      String address = "0x" + Long.toHexString(present.segment().address());
      assertRefused(next, present, address + ", which is not aligned to " + WIDE);
      assertEquals(
          Optional.empty(), present.replaceObstacle(next), "the other way round nothing is amiss");
    }
  }

  @Test
  @DisplayName("a writable block and a read-only one can't take each other's place")
  default void anotherMode() throws RamBlockException, IOException {
    try (RamBlock present = block("old", RamFlag.RAM_SHARED);
        RamBlock next = block("new", RamFlag.RAM_SHARED, RamFlag.RAM_READONLY)) {
      assertRefused(next, present, "one of them can be stored into and the other can't");
      assertRefused(present, next, "one of them can be stored into and the other can't");
    }
  }

  @Test
  @DisplayName("a block of an unknown kind is refused, with the name of its class")
  default void aStranger() throws RamBlockException, IOException {
    try (RamBlock next = block("new", RamFlag.RAM_SHARED)) {
      RamBlockSpec spec = fixture().spec(fixture().file("old"), RamFlag.RAM_SHARED);
      assertRefused(
          next,
          new RemapRefusalContract.Stranger(spec),
          RemapRefusalContract.Stranger.class.getName());
    }
  }

  @Test
  @DisplayName("a block can't take its own place")
  default void itself() throws RamBlockException, IOException {
    try (RamBlock block = block("own", RamFlag.RAM_SHARED)) {
      assertRefused(block, block, "it is this very memory");
    }
  }

  @Test
  @DisplayName("a closed or a retired block neither takes a place nor gives it")
  default void closedAndRetired() throws RamBlockException, IOException {
    RamBlock closed = block("closed", RamFlag.RAM_SHARED);
    closed.close();
    RamBlock retired = block("retired", RamFlag.RAM_SHARED);
    try (RamBlock detached = retired.detach();
        RamBlock other = block("other", RamFlag.RAM_SHARED)) {
      fixture().libc().forget();
      assertThrows(IllegalStateException.class, () -> other.replace(closed));
      assertThrows(IllegalStateException.class, () -> closed.replace(other));
      assertThrows(RetiredBlockException.class, () -> other.replace(retired));
      assertThrows(RetiredBlockException.class, () -> retired.replace(other));
      assertEquals(List.of(), fixture().libc().made(), "something was touched");
      detached.persist(0, 1);
      other.persist(0, 1);
    }
  }

  @Test
  @DisplayName(
      "an exchange that the kernel refuses leaves both as they were, under a working guest")
  default void theKernelRefuses() throws RamBlockException, IOException {
    for (RamFlag[] flags : new RamFlag[][] {{RamFlag.RAM_SHARED}, {}}) {
      try (RamBlock present = block("old", RamFlag.RAM_SHARED);
          RamBlock next = block("new", flags)) {
        HostMapping before = HostMapping.at(present.segment().address()).orElseThrow();
        try (LiveAccess guest = LiveAccess.over(present.segment())) {
          fixture().libc().with(Fault.ofEvery(SystemCall.MMAP, Errno.EEXIST));
          fixture().libc().with(Fault.ofEvery(SystemCall.MREMAP, Errno.ENOMEM));
          MappingException failure =
              assertThrows(MappingException.class, () -> next.replace(present));
          Sentences.assertNames(failure, next.spec().id().toString());
          Sentences.assertNames(failure, next.spec().backing().toString());
          guest.awaitProgress();
        }
        fixture().libc().heal();
        assertEquals(before, HostMapping.at(present.segment().address()).orElseThrow());
        assertArrayEquals(
            AllocatorFixture.content(AllocatorFixture.SIZE),
            AllocatorFixture.bytesOf(next.segment()));
        next.persist(0, 1);
        present.persist(0, 1);
        assertTrue(LeakCheck.isLocked(fixture().folder().resolve("old")));
        assertTrue(LeakCheck.isLocked(fixture().folder().resolve("new")));
      }
      assertFalse(LeakCheck.isLocked(fixture().folder().resolve("new")));
    }
  }
}
