package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests what a block's bytes are, and where stores into them go. */
interface ContentContract extends Contract {

  @Test
  @DisplayName("a missing file is created: zero, of the block's size, for its owner alone")
  default void aMissingFileIsCreated() throws RamBlockException, IOException {
    Path path = fixture().folder().resolve("new");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      assertArrayEquals(new byte[(int) spec.size().bytes()], bytes(block));
    }
    assertEquals(spec.size().bytes(), Files.size(path));
    assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(path));
  }

  @Test
  @DisplayName("an empty file grows to the block's size")
  default void anEmptyFileGrows() throws RamBlockException, IOException {
    Path path = Files.createFile(fixture().folder().resolve("empty"));
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      assertEquals(spec.size().bytes(), block.segment().byteSize());
      assertEquals(spec.size().bytes(), Files.size(path));
    }
  }

  @Test
  @DisplayName("what the file holds is in the block, shared, private or read-only")
  default void theContentOfTheFileIsThere() throws RamBlockException, IOException {
    Path path = fixture().file("full");
    for (RamBlockSpec spec :
        new RamBlockSpec[] {
          fixture().spec(path, RamFlag.RAM_SHARED),
          fixture().spec(path),
          fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY),
          fixture().spec(path, RamFlag.RAM_READONLY)
        }) {
      try (RamBlock block = fixture().allocator().allocate(spec)) {
        assertArrayEquals(AllocatorFixture.content(spec.size()), bytes(block));
      }
    }
  }

  @Test
  @DisplayName("a store into a shared block is in the file for whoever reads it")
  default void storesReachTheFileWhenShared() throws RamBlockException, IOException {
    Path path = fixture().file("shared");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    byte[] expected = AllocatorFixture.content(spec.size());
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      for (int at : new int[] {0, 4095, 4096, expected.length - 1}) {
        expected[at] ^= 0x55;
        block.segment().set(ValueLayout.JAVA_BYTE, at, expected[at]);
      }
      assertArrayEquals(expected, Files.readAllBytes(path));
    }
    assertArrayEquals(expected, Files.readAllBytes(path), "after close");
  }

  @Test
  @DisplayName("what others write into the file is in a shared block")
  default void storesOfOthersAreSeenWhenShared() throws RamBlockException, IOException {
    Path path = fixture().file("shared");
    try (RamBlock block =
        fixture().allocator().allocate(fixture().spec(path, RamFlag.RAM_SHARED))) {
      try (FileChannel other = FileChannel.open(path, StandardOpenOption.WRITE)) {
        other.write(ByteBuffer.wrap(new byte[] {7, 8, 9}), 5000);
      }
      assertEquals(8, block.segment().get(ValueLayout.JAVA_BYTE, 5001));
    }
  }

  @Test
  @DisplayName("a store into a private block never reaches the file, not by persist either")
  default void storesNeverReachTheFileWhenPrivate() throws RamBlockException, IOException {
    Path path = fixture().file("private");
    RamBlockSpec spec = fixture().spec(path);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      block.segment().fill((byte) 0x55);
      block.persist(0, spec.size().bytes());
      assertEquals(0x55, block.segment().get(ValueLayout.JAVA_BYTE, 4096));
      assertArrayEquals(AllocatorFixture.content(spec.size()), Files.readAllBytes(path));
    }
    assertArrayEquals(AllocatorFixture.content(spec.size()), Files.readAllBytes(path));
  }

  @Test
  @DisplayName("of a larger file only the first bytes are mapped, and the rest is left alone")
  default void theRestOfALargerFileIsLeftAlone() throws RamBlockException, IOException {
    ByteSize larger = ByteSize.mib(3);
    Path path = fixture().file("larger", larger);
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    byte[] expected = AllocatorFixture.content(larger);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      assertEquals(spec.size().bytes(), block.segment().byteSize());
      block.segment().fill((byte) 0);
      block.persist(0, spec.size().bytes());
    }
    Arrays.fill(expected, 0, (int) spec.size().bytes(), (byte) 0);
    assertArrayEquals(expected, Files.readAllBytes(path));
  }

  @Test
  @DisplayName("a store into a read-only block is an exception of the writer, not a crash")
  default void aStoreIntoAReadOnlyBlockIsAnException() throws RamBlockException, IOException {
    Path path = fixture().file("read-only");
    for (RamBlockSpec spec :
        new RamBlockSpec[] {
          fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY),
          fixture().spec(path, RamFlag.RAM_READONLY)
        }) {
      try (RamBlock block = fixture().allocator().allocate(spec)) {
        MemorySegment segment = block.segment();
        assertThrows(
            IllegalArgumentException.class, () -> segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
        assertThrows(
            IllegalArgumentException.class,
            () -> segment.asSlice(4096).set(ValueLayout.JAVA_LONG, 0, 1));
        block.persist(0, spec.size().bytes());
      }
    }
    assertArrayEquals(AllocatorFixture.content(AllocatorFixture.SIZE), Files.readAllBytes(path));
  }

  @Test
  @DisplayName("prealloc=on makes every page present before the block is handed out")
  default void preallocationMakesEveryPagePresent() throws RamBlockException, IOException {
    for (RamBlockSpec spec :
        new RamBlockSpec[] {
          fixture().spec(fixture().folder().resolve("new"), RamFlag.RAM_SHARED),
          fixture().spec(fixture().file("full")),
          fixture().spec(fixture().file("full"), RamFlag.RAM_SHARED, RamFlag.RAM_READONLY)
        }) {
      try (RamBlock block = fixture().allocator().allocate(spec.withPrealloc(Preallocation.ALL))) {
        HostMapping seen = HostMapping.at(block.segment().address()).orElseThrow();
        long page = block.pageSize().bytes();
        assertEquals(spec.size().bytes() / page, seen.presentPages(page), spec.flags().toString());
      }
    }
    assertArrayEquals(
        AllocatorFixture.content(AllocatorFixture.SIZE),
        Files.readAllBytes(fixture().folder().resolve("full")));
  }

  @Test
  @DisplayName(
      "file space is set aside for a shared block, unless RAM_NORESERVE or nothing is stored")
  default void spaceIsSetAsideForWhatCanBeStored() throws RamBlockException, IOException {
    Path path = fixture().file("full");
    assertFalse(allocatesSpace(fixture().spec(path)), "private");
    assertFalse(
        allocatesSpace(fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE)),
        "reserve=off");
    assertFalse(
        allocatesSpace(fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY)),
        "read-only");
    assertEquals(true, allocatesSpace(fixture().spec(path, RamFlag.RAM_SHARED)), "shared");
  }

  private boolean allocatesSpace(RamBlockSpec spec) throws RamBlockException {
    fixture().libc().forget();
    fixture().allocator().allocate(spec).close();
    return !fixture().libc().made(SystemCall.FALLOCATE).isEmpty();
  }

  @Test
  @DisplayName("anonymous memory is zero, can be stored into, and is nobody else's")
  default void anonymousMemoryIsZeroAndWritable() throws RamBlockException {
    for (RamBlockSpec spec :
        new RamBlockSpec[] {
          fixture().spec(new Backing.Anonymous()),
          fixture().spec(new Backing.Anonymous(), RamFlag.RAM_SHARED)
        }) {
      assumeTrue(fixture().allocator().accepts(spec), "this allocator makes no anonymous memory");
      try (RamBlock block = fixture().allocator().allocate(spec);
          RamBlock other = fixture().allocator().allocate(spec)) {
        assertArrayEquals(new byte[(int) spec.size().bytes()], bytes(block));
        block.segment().fill((byte) 1);
        assertEquals(0, other.segment().get(ValueLayout.JAVA_BYTE, 0));
        block.persist(0, spec.size().bytes());
      }
    }
  }

  private static byte[] bytes(RamBlock block) {
    return AllocatorFixture.bytesOf(block.segment());
  }
}
