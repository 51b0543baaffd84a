package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.LiveAccess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests closing and discarding a block. */
interface CloseContract extends Contract {

  @Test
  @DisplayName("an access after close is an IllegalStateException, in the segment and its slices")
  default void anAccessAfterCloseThrows() throws RamBlockException, IOException {
    RamBlock block =
        fixture()
            .allocator()
            .allocate(fixture().spec(fixture().file("closed"), RamFlag.RAM_SHARED));
    MemorySegment slice = block.segment().asSlice(4096);
    block.close();
    assertThrows(IllegalStateException.class, () -> block.segment().get(ValueLayout.JAVA_LONG, 0));
    assertThrows(IllegalStateException.class, () -> slice.set(ValueLayout.JAVA_LONG, 0, 1));
    assertThrows(IllegalStateException.class, block::detach);
  }

  @Test
  @DisplayName("close unmaps everything, closes the file, and gives up the lock")
  default void closeLeavesNothingBehind() throws RamBlockException, IOException {
    for (RamFlag[] flags :
        new RamFlag[][] {
          {RamFlag.RAM_SHARED}, {}, {RamFlag.RAM_SHARED, RamFlag.RAM_READONLY}, {RamFlag.RAM_PMEM}
        }) {
      fixture().allocator().allocate(fixture().spec(fixture().file("closed"), flags)).close();
      assertEquals(List.of(), fixture().leaks().leaks());
      assertEquals(List.of(), fixture().libc().mapped());
    }
  }

  @Test
  @DisplayName(
      "a second close does nothing, even when other memory stands at the addresses by then")
  default void aSecondCloseDoesNothing() throws RamBlockException, IOException {
    RamBlock block =
        fixture()
            .allocator()
            .allocate(fixture().spec(fixture().file("closed"), RamFlag.RAM_SHARED));
    block.close();
    fixture().libc().forget();
    block.close();
    block.close();
    assertEquals(List.of(), fixture().libc().made());
  }

  @Test
  @DisplayName("close under a working guest waits for its accesses, and the next one throws")
  default void closeWaitsForAccessesUnderWay() throws RamBlockException {
    for (int round = 0; round < 5; round++) {
      RamBlock block =
          fixture()
              .allocator()
              .allocate(
                  fixture().spec(fixture().folder().resolve("closed" + round), RamFlag.RAM_SHARED));
      LiveAccess guest = LiveAccess.over(block.segment());
      block.close();
      guest.awaitEnd();
      assertEquals(2, guest.ends().size());
      for (Throwable end : guest.ends()) {
        assertInstanceOf(IllegalStateException.class, end);
      }
    }
  }

  @Test
  @DisplayName("discard ends the memory and takes back what making the block did to its file")
  default void discardTakesBackWhatWasDoneToTheFile() throws RamBlockException, IOException {
    Path missing = fixture().folder().resolve("missing");
    Path empty = Files.createFile(fixture().folder().resolve("empty"));
    Path full = fixture().file("full");
    for (Path path : List.of(missing, empty, full)) {
      RamBlock block = fixture().allocator().allocate(fixture().spec(path, RamFlag.RAM_SHARED));
      block.discard();
      assertThrows(
          IllegalStateException.class, () -> block.segment().get(ValueLayout.JAVA_LONG, 0));
      assertEquals(List.of(), fixture().leaks().leaks());
      block.discard();
      block.close();
    }
    assertTrue(Files.notExists(missing));
    assertEquals(0, Files.size(empty));
    assertArrayEquals(AllocatorFixture.content(AllocatorFixture.SIZE), Files.readAllBytes(full));
  }

  @Test
  @DisplayName("discard after a re-map still knows what was done to the file at first")
  default void discardAfterARemapTakesBackTheSame() throws RamBlockException {
    Path path = fixture().folder().resolve("new");
    RamBlock first = fixture().allocator().allocate(fixture().spec(path, RamFlag.RAM_SHARED));
    RamBlock second = fixture().allocator().remap(first);
    first.discard();
    assertTrue(Files.exists(path), "a retired block has no say");
    second.detach().discard();
    assertTrue(Files.notExists(path));
  }

  @Test
  @DisplayName(
      "discard after close does nothing to the file, whose bytes may be somebody else's by then")
  default void discardAfterCloseDoesNothing() throws RamBlockException {
    Path path = fixture().folder().resolve("new");
    RamBlock block = fixture().allocator().allocate(fixture().spec(path, RamFlag.RAM_SHARED));
    block.close();
    block.discard();
    assertTrue(Files.exists(path));
  }
}
