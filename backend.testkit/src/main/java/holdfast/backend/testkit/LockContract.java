package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Sentences;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests that a file has one writer or any number of readers. */
interface LockContract extends Contract {

  @Test
  @DisplayName("two blocks can't write one file, and the attempt changes nothing in it")
  default void twoWritersAreRefused() throws RamBlockException, IOException {
    Path path = fixture().file("locked");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    try (RamBlock first = fixture().allocator().allocate(spec)) {
      BackingLockedException refusal =
          assertThrows(BackingLockedException.class, () -> fixture().allocator().allocate(spec));
      Sentences.assertNames(refusal, spec.id().toString());
      Sentences.assertNames(refusal, path.toString());
      assertArrayEquals(AllocatorFixture.content(spec.size()), Files.readAllBytes(path));
      first.persist(0, 1);
    }
    fixture().allocator().allocate(spec).close();
  }

  @Test
  @DisplayName("a writer keeps readers out, and a reader keeps writers out")
  default void aWriterAndAReaderKeepEachOtherOut() throws RamBlockException, IOException {
    Path path = fixture().file("locked");
    RamBlockSpec writer = fixture().spec(path, RamFlag.RAM_SHARED);
    for (RamBlockSpec reader :
        new RamBlockSpec[] {
          fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY),
          fixture().spec(path, RamFlag.RAM_READONLY),
          fixture().spec(path)
        }) {
      try (RamBlock first = fixture().allocator().allocate(writer)) {
        assertThrows(BackingLockedException.class, () -> fixture().allocator().allocate(reader));
        first.persist(0, 1);
      }
      try (RamBlock first = fixture().allocator().allocate(reader)) {
        assertThrows(BackingLockedException.class, () -> fixture().allocator().allocate(writer));
        first.persist(0, 1);
      }
    }
  }

  @Test
  @DisplayName("readers and private blocks share a file, and each store stays private")
  default void readersShare() throws RamBlockException, IOException {
    Path path = fixture().file("shared");
    try (RamBlock one = fixture().allocator().allocate(fixture().spec(path));
        RamBlock two = fixture().allocator().allocate(fixture().spec(path));
        RamBlock three =
            fixture()
                .allocator()
                .allocate(fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY))) {
      one.segment().fill((byte) 0);
      byte[] content = AllocatorFixture.content(AllocatorFixture.SIZE);
      assertArrayEquals(content, AllocatorFixture.bytesOf(two.segment()));
      assertArrayEquals(content, AllocatorFixture.bytesOf(three.segment()));
    }
  }

  @Test
  @DisplayName("the lock outlives other descriptors of the file that this process closes")
  default void theLockOutlivesOtherDescriptors() throws RamBlockException, IOException {
    Path path = fixture().file("locked");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      FileChannel.open(path, StandardOpenOption.WRITE).close();
      assertTrue(LeakCheck.isLocked(path));
      assertEquals(spec, block.spec());
    }
  }
}
