package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.BlockOffsetException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Tests backings other than a plain path: offsets, folders, symbolic links, templates and memfds.
 */
interface BackingContract extends Contract {

  private RamBlockSpec at(Path path, ByteSize offset, RamFlag... flags) {
    return fixture().spec(new Backing.File(path, offset, false), flags);
  }

  @Test
  @DisplayName("a block begins at its offset, and no byte before or behind it is touched")
  default void aBlockBeginsAtItsOffset() throws RamBlockException, IOException {
    ByteSize three = new ByteSize(3 * AllocatorFixture.SIZE.bytes());
    Path path = fixture().file("three", three);
    byte[] expected = AllocatorFixture.content(three);
    int from = (int) AllocatorFixture.SIZE.bytes();
    try (RamBlock block =
        fixture().allocator().allocate(at(path, AllocatorFixture.SIZE, RamFlag.RAM_SHARED))) {
      assertArrayEquals(
          Arrays.copyOfRange(expected, from, 2 * from), AllocatorFixture.bytesOf(block.segment()));
      block.segment().fill((byte) 7);
      block.persist(0, block.segment().byteSize());
    }
    Arrays.fill(expected, from, 2 * from, (byte) 7);
    assertArrayEquals(expected, Files.readAllBytes(path));
  }

  @Test
  @DisplayName("a new file reaches to the end of the block behind the offset")
  default void aNewFileReachesToTheEndOfTheBlock() throws RamBlockException, IOException {
    Path path = fixture().folder().resolve("new");
    try (RamBlock block =
        fixture().allocator().allocate(at(path, AllocatorFixture.SIZE, RamFlag.RAM_SHARED))) {
      assertEquals(2 * AllocatorFixture.SIZE.bytes(), Files.size(path));
      block.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 7);
      block.persist(0, 1);
    }
    assertEquals(7, Files.readAllBytes(path)[(int) AllocatorFixture.SIZE.bytes()]);
  }

  @Test
  @DisplayName("an uneven offset is refused with the page size, one too far with the file's size")
  default void impossibleOffsets() throws IOException {
    long page = fixture().libc().getpagesize();
    Path path = fixture().file("full", new ByteSize(2 * AllocatorFixture.SIZE.bytes()));
    BlockOffsetException uneven =
        fixture()
            .assertRefused(
                BlockOffsetException.class, at(path, new ByteSize(1000), RamFlag.RAM_SHARED));
    assertEquals(new ByteSize(page), uneven.unit());
    BackingSizeException far =
        fixture()
            .assertRefused(
                BackingSizeException.class,
                at(path, new ByteSize(AllocatorFixture.SIZE.bytes() + page), RamFlag.RAM_SHARED));
    Sentences.assertNames(far, "offset=260K");
  }

  @Test
  @DisplayName("a persist reaches a block behind an offset, and sees its file truncated")
  default void aTruncatedFileBehindAnOffset() throws RamBlockException, IOException {
    Path path = fixture().file("full", new ByteSize(2 * AllocatorFixture.SIZE.bytes()));
    RamBlockSpec spec = at(path, AllocatorFixture.SIZE, RamFlag.RAM_SHARED);
    assumeTrue(
        fixture().expectedGranularity(spec) != Granularity.NONE,
        "nothing is persisted here, so nothing is looked at");
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      block.persist(0, spec.size().bytes());
      Files.write(path, new byte[(int) AllocatorFixture.SIZE.bytes()]);
      assertThrows(RamBlockException.class, () -> block.persist(0, 1));
    }
  }

  @Test
  @DisplayName("in a folder a block gets a file without a name, which ends with it")
  default void aFolderGetsAnUnnamedFile() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().folder(), RamFlag.RAM_SHARED);
    try (RamBlock one = fixture().allocator().allocate(spec);
        RamBlock other = fixture().allocator().allocate(spec)) {
      assertEquals(Set.of(), fixture().leaks().newFiles());
      assertTrue(
          HostMapping.at(one.segment().address()).orElseThrow().path().endsWith(" (deleted)"));
      one.segment().fill((byte) 7);
      assertEquals(0, other.segment().get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(Granularity.NONE, one.durability().obtained());
      assertTrue(one.durability().reason().contains("has no name"), one.durability().reason());
      one.persist(0, spec.size().bytes());
    }
  }

  @Test
  @DisplayName("on a file system without O_TMPFILE, too, a folder is left as it was")
  default void aFolderWithoutTmpfile() throws RamBlockException, IOException {
    int tmpfile = fixture().libc().constants().openTmpfile();
    fixture()
        .libc()
        .with(
            new Fault(
                made ->
                    made.call() == SystemCall.OPEN
                        && ((int) made.arguments().get(1) & tmpfile) == tmpfile,
                Errno.EOPNOTSUPP,
                Fault.Harm.NONE));
    RamBlockSpec spec = fixture().spec(fixture().folder(), RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      assertEquals(Set.of(), fixture().leaks().newFiles());
      String path = HostMapping.at(block.segment().address()).orElseThrow().path();
      assertTrue(path.contains("/holdfast-" + spec.id() + "."), path);
    }
  }

  @Test
  @DisplayName("a folder is refused for reading only: what would be made in it stays zero for ever")
  default void aFolderForReadingOnly() {
    RamBlockSpec spec =
        fixture().spec(fixture().folder(), RamFlag.RAM_SHARED, RamFlag.RAM_READONLY);
    fixture().assertRefused(BackingKindException.class, spec);
  }

  @Test
  @DisplayName("a symbolic link is followed where that is asked for, and a dangling one refused")
  default void linksAreFollowedOnRequest() throws RamBlockException, IOException {
    Path target = fixture().file("target");
    Path link = Files.createSymbolicLink(fixture().folder().resolve("link"), target);
    RamBlockSpec spec =
        fixture().spec(new Backing.File(link, ByteSize.ZERO, true), RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      block.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 99);
      block.persist(0, 1);
    }
    assertEquals(99, Files.readAllBytes(target)[0]);
    Path dangling =
        Files.createSymbolicLink(
            fixture().folder().resolve("dangling"), fixture().folder().resolve("no"));
    BackingOpenException refusal =
        fixture()
            .assertRefused(
                BackingOpenException.class,
                fixture()
                    .spec(new Backing.File(dangling, ByteSize.ZERO, true), RamFlag.RAM_SHARED));
    Sentences.assertNames(refusal, "symbolic link");
    assertTrue(Files.notExists(fixture().folder().resolve("no")));
  }

  @Test
  @DisplayName("a template: any number of blocks start from one read-only file and leave it alone")
  default void aTemplateIsLeftAlone() throws RamBlockException, IOException {
    Path path = fixture().file("template");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_READONLY_FD);
    byte[] content = AllocatorFixture.content(AllocatorFixture.SIZE);
    try (RamBlock one = fixture().allocator().allocate(spec);
        RamBlock other = fixture().allocator().allocate(spec)) {
      one.segment().fill((byte) 7);
      assertArrayEquals(content, AllocatorFixture.bytesOf(other.segment()));
      assertEquals(Granularity.NONE, one.durability().obtained());
    }
    assertArrayEquals(content, Files.readAllBytes(path));
  }

  @Test
  @DisplayName("a memfd is zero, can be stored into, and is sealed if asked for")
  default void aMemfdIsMemory() throws RamBlockException {
    for (boolean seal : new boolean[] {true, false}) {
      Backing memfd = new Backing.Memfd(false, ByteSize.ZERO, seal);
      RamBlockSpec spec =
          RamBlockSpec.of(
              new BackendId("mem0"), memfd, AllocatorFixture.SIZE, Set.of(RamFlag.RAM_SHARED));
      assumeTrue(fixture().allocator().accepts(spec), "this allocator makes no memfd");
      fixture().libc().forget();
      try (RamBlock block = fixture().allocator().allocate(spec)) {
        assertArrayEquals(
            new byte[(int) spec.size().bytes()], AllocatorFixture.bytesOf(block.segment()));
        block.segment().fill((byte) 1);
        String path = HostMapping.at(block.segment().address()).orElseThrow().path();
        assertEquals("/memfd:mem0 (deleted)", path);
        assertEquals(Granularity.NONE, block.durability().obtained());
        assertEquals(seal ? 1 : 0, fixture().libc().made(SystemCall.FCNTL_ADD_SEALS).size());
        block.persist(0, spec.size().bytes());
      }
    }
  }

  @Test
  @DisplayName(
      "a memfd of huge pages of a size that no host has is refused, and says where to look")
  default void aMemfdOfImpossiblePages() {
    RamBlockSpec spec =
        RamBlockSpec.of(
            new BackendId("mem0"),
            new Backing.Memfd(true, ByteSize.gib(1L << 20), true),
            AllocatorFixture.SIZE,
            Set.of(RamFlag.RAM_SHARED));
    assumeTrue(fixture().allocator().accepts(spec), "this allocator makes no memfd");
    MappingException refusal = fixture().assertRefused(MappingException.class, spec);
    Sentences.assertNames(refusal, "/sys/kernel/mm/hugepages");
  }
}
