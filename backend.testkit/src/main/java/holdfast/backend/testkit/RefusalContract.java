package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.Sentences;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Tests the refusal of paths that can't back a block, and of requests that a backing can't meet.
 */
interface RefusalContract extends Contract {

  @Test
  @DisplayName("a FIFO is refused without being opened, which would wait for its other end")
  default void aFifoIsRefused() throws IOException, InterruptedException {
    Path path = fixture().folder().resolve("fifo");
    Process mkfifo;
    try {
      mkfifo = new ProcessBuilder("mkfifo", path.toString()).start();
    } catch (IOException absent) {
      assumeTrue(false, "no command mkfifo here");
      return;
    }
    assertTrue(mkfifo.waitFor(10, TimeUnit.SECONDS));
    assertRefusedKind(path, "a FIFO");
  }

  @Test
  @DisplayName("a socket is refused")
  default void aSocketIsRefused() throws IOException {
    Path path = fixture().folder().resolve("socket");
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(path));
      assertRefusedKind(path, "a socket");
    }
  }

  @Test
  @DisplayName("a symbolic link is refused, wherever it points, and nothing is made at its end")
  default void aSymbolicLinkIsRefused() throws IOException {
    Path target = fixture().file("target");
    Path link = Files.createSymbolicLink(fixture().folder().resolve("link"), target);
    assertRefusedKind(link, "a symbolic link");
    Path nowhere = fixture().folder().resolve("nowhere");
    Path dangling = Files.createSymbolicLink(fixture().folder().resolve("dangling"), nowhere);
    assertRefusedKind(dangling, "a symbolic link");
    assertTrue(Files.notExists(nowhere));
  }

  @Test
  @DisplayName("character devices that are no DAX devices are refused")
  default void otherCharacterDevicesAreRefused() {
    assertRefusedKind(Path.of("/dev/null"), "a character device");
    assertRefusedKind(Path.of("/dev/zero"), "a character device");
  }

  private void assertRefusedKind(Path path, String found) {
    for (RamBlockSpec spec :
        new RamBlockSpec[] {
          fixture().spec(path, RamFlag.RAM_SHARED),
          fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY)
        }) {
      assertEquals(found, fixture().assertRefused(BackingKindException.class, spec).found());
    }
  }

  @Test
  @DisplayName("a file in a missing folder is refused, and the folder is not made")
  default void aMissingFolderIsRefused() {
    Path folder = fixture().folder().resolve("missing");
    RamBlockSpec spec = fixture().spec(folder.resolve("file"), RamFlag.RAM_SHARED);
    BackingOpenException refusal = fixture().assertRefused(BackingOpenException.class, spec);
    assertEquals("ENOENT (No such file or directory)", refusal.errno());
    assertTrue(Files.notExists(folder));
  }

  @Test
  @DisplayName("a missing file is refused if it is to be read only, and not made")
  default void aMissingFileIsRefusedIfReadOnly() {
    Path path = fixture().folder().resolve("missing");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY);
    BackingOpenException refusal = fixture().assertRefused(BackingOpenException.class, spec);
    assertEquals("ENOENT (No such file or directory)", refusal.errno());
    assertTrue(Files.notExists(path));
  }

  @Test
  @DisplayName("a file that its permissions close is refused with EACCES (not as root)")
  default void aFileWithoutPermissionIsRefused() throws IOException {
    assumeFalse(Files.isWritable(Path.of("/proc/1/mem")), "root may open every file");
    Path path = fixture().file("closed");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("---------"));
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    BackingOpenException refusal = fixture().assertRefused(BackingOpenException.class, spec);
    assertEquals("EACCES (Permission denied)", refusal.errno());
  }

  @Test
  @DisplayName("a file that is smaller than the block is refused with its size, and never grown")
  default void aSmallerFileIsRefused() throws IOException {
    ByteSize half = new ByteSize(AllocatorFixture.SIZE.bytes() / 2);
    Path path = fixture().file("smaller", half);
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED);
    BackingSizeException refusal = fixture().assertRefused(BackingSizeException.class, spec);
    assertEquals(half, refusal.actual());
    Sentences.assertNames(refusal, spec.size().toString());
    Sentences.assertNames(refusal, half.toString());
    assertArrayEquals(AllocatorFixture.content(half), Files.readAllBytes(path));
  }

  @Test
  @DisplayName("an empty file is refused if it is to be read only")
  default void anEmptyFileIsRefusedIfReadOnly() throws IOException {
    Path path = Files.createFile(fixture().folder().resolve("empty"));
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_READONLY);
    assertEquals(ByteSize.ZERO, fixture().assertRefused(BackingSizeException.class, spec).actual());
    assertEquals(0, Files.size(path));
  }

  @Test
  @DisplayName("a size that is no multiple of the page size is refused with the page size")
  default void anUnevenSizeIsRefused() {
    long page = fixture().libc().getpagesize();
    for (long size :
        new long[] {1, 1000, page - 1, page + 1, AllocatorFixture.SIZE.bytes() + 512}) {
      RamBlockSpec spec =
          AllocatorFixture.withSize(
              fixture().spec(fixture().folder().resolve("uneven"), RamFlag.RAM_SHARED),
              new ByteSize(size));
      BlockSizeException refusal = fixture().assertRefused(BlockSizeException.class, spec);
      assertEquals(new ByteSize(page), refusal.unit());
      Sentences.assertNames(refusal, spec.size().toString());
      assertEquals(Set.of(), fixture().leaks().newFiles());
    }
  }

  @Test
  @DisplayName("an alignment below the page size is refused with the page size")
  default void anAlignmentBelowThePageSizeIsRefused() {
    long page = fixture().libc().getpagesize();
    RamBlockSpec spec = fixture().spec(fixture().folder().resolve("unaligned"), RamFlag.RAM_SHARED);
    for (long wish : new long[] {1, 512, page / 2}) {
      BlockAlignmentException refusal =
          fixture()
              .assertRefused(BlockAlignmentException.class, spec.withAlign(new Alignment(wish)));
      assertEquals(new Alignment(page), refusal.needed());
      assertEquals(Set.of(), fixture().leaks().newFiles());
    }
  }

  @Test
  @DisplayName("a size and an alignment that no host has are refused, and no file is made")
  default void anImpossibleSizeIsRefused() {
    Path path = fixture().folder().resolve("impossible");
    RamBlockSpec spec = fixture().spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE);
    for (RamBlockSpec impossible :
        new RamBlockSpec[] {
          AllocatorFixture.withSize(spec, new ByteSize(1L << 62)),
          AllocatorFixture.withSize(spec, new ByteSize(Long.MAX_VALUE & -(1L << 21))),
          spec.withAlign(new Alignment(1L << 62)),
          AllocatorFixture.withSize(spec, new ByteSize(1L << 62)).withAlign(new Alignment(1L << 62))
        }) {
      fixture().assertRefused(RamBlockException.class, impossible);
      assertEquals(Set.of(), fixture().leaks().newFiles());
    }
  }
}
