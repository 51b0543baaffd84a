package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.LiveAccess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Tests the exchange of a live block for one on another backing, to which its bytes were copied.
 */
interface ReplaceContract extends Contract {

  /** The kinds of memory between which bytes move. */
  enum Memory {
    /** A shared mapping of a file. */
    SHARED_FILE(RamFlag.RAM_SHARED),
    /** A shared mapping of a file as persistent memory. */
    PMEM_FILE(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM),
    /** A private mapping of a file: stores exist only in the mapping. */
    PRIVATE_FILE,
    /** An unnamed file in a folder. */
    FOLDER(RamFlag.RAM_SHARED),
    /** A shared mapping of a memfd. */
    MEMFD(RamFlag.RAM_SHARED),
    /** Private memory of the process, without a file. */
    ANONYMOUS,
    /** Anonymous memory that is shared with child processes. */
    ANONYMOUS_SHARED(RamFlag.RAM_SHARED);

    private final RamFlag[] flags;

    Memory(RamFlag... flags) {
      this.flags = flags;
    }

    /** Returns a request for a block of this kind, on {@code path} if it has a file with a name. */
    RamBlockSpec spec(AllocatorFixture on, Path path) {
      Backing backing =
          switch (this) {
            case SHARED_FILE, PMEM_FILE, PRIVATE_FILE -> new Backing.File(path);
            case FOLDER -> new Backing.File(on.folder());
            case MEMFD -> new Backing.Memfd(false, ByteSize.ZERO, true);
            case ANONYMOUS, ANONYMOUS_SHARED -> new Backing.Anonymous();
          };
      if (backing instanceof Backing.File) {
        return on.spec(backing, flags);
      }
      EnumSet<RamFlag> set = EnumSet.noneOf(RamFlag.class);
      set.addAll(Arrays.asList(flags));
      return RamBlockSpec.of(new BackendId("mem0"), backing, AllocatorFixture.SIZE, set);
    }

    /** Returns the file into which the guest's stores go, if there is one with a name. */
    Optional<Path> stored(Path path) {
      return switch (this) {
        case SHARED_FILE, PMEM_FILE -> Optional.of(path);
        case PRIVATE_FILE, FOLDER, MEMFD, ANONYMOUS, ANONYMOUS_SHARED -> Optional.empty();
      };
    }

    private boolean isTakenBy(AllocatorFixture on) {
      return on.allocator().accepts(spec(on, on.folder().resolve("any")));
    }
  }

  @TestFactory
  @DisplayName("a block takes the place of one of any kind under a working guest")
  default Stream<DynamicTest> everyKindTakesThePlaceOfEveryKind() {
    List<Memory> kinds =
        Stream.of(Memory.values()).filter(kind -> kind.isTakenBy(fixture())).toList();
    return kinds.stream()
        .flatMap(from -> kinds.stream().map(to -> List.of(from, to)))
        .map(
            pair ->
                dynamicTest(
                    pair.getFirst() + " to " + pair.getLast(),
                    () -> check(pair.getFirst(), pair.getLast())));
  }

  private void check(Memory from, Memory to) throws RamBlockException, IOException {
    Path oldPath = fixture().folder().resolve(from + "-to-" + to + ".old");
    Path newPath = fixture().folder().resolve(from + "-to-" + to + ".new");
    RamBlock present = fixture().allocator().allocate(from.spec(fixture(), oldPath));
    RamBlock next = fixture().allocator().allocate(to.spec(fixture(), newPath));
    MemorySegment segment = present.segment();
    AtomicReference<byte[]> copied = new AtomicReference<>();
    AtomicReference<RamBlock> stands = new AtomicReference<>();
    LiveAccess guest = LiveAccess.over(segment);
    try (guest) {
      guest.whileWriterPauses(
          () -> {
            copied.set(AllocatorFixture.bytesOf(segment));
            next.segment().copyFrom(segment);
            next.persist(0, segment.byteSize());
            stands.set(next.replace(present));
          });
      guest.awaitProgress();
      checkStands(stands.get(), next, segment);
      checkRetired(present);
      checkRetired(next);
      guest.awaitProgress();
    }
    RamBlock now = stands.get();
    guest.assertHeldBy(segment);
    now.persist(0, segment.byteSize());
    if (to.stored(newPath).isPresent()) {
      guest.assertHeldBy(MemorySegment.ofArray(Files.readAllBytes(newPath)));
    }
    if (from.stored(oldPath).isPresent()) {
      assertArrayEquals(copied.get(), Files.readAllBytes(oldPath), "stored after the exchange");
    }
    if (now.spec().backing() instanceof Backing.File && to != Memory.FOLDER) {
      assertTrue(LeakCheck.isLocked(newPath), "the new file");
    }
    if (present.spec().backing() instanceof Backing.File && from != Memory.FOLDER) {
      assertFalse(LeakCheck.isLocked(oldPath), "the old file");
    }
    assertEquals(
        List.of(),
        fixture().leaks().leaks().stream()
            .filter(leak -> leak.contains(oldPath.toString()))
            .toList());
    now.close();
    assertEquals(List.of(), fixture().leaks().leaks());
  }

  private static void checkStands(RamBlock now, RamBlock next, MemorySegment segment) {
    assertSame(segment, now.segment());
    assertEquals(next.spec(), now.spec());
    assertEquals(next.obtained(), now.obtained());
    assertEquals(next.advice(), now.advice());
    assertEquals(next.durability().obtained(), now.durability().obtained());
    assertEquals(next.durability().reason(), now.durability().reason());
    assertEquals(next.durability().evidence().mmap(), now.durability().evidence().mmap());
    assertEquals(next.durability().evidence().persist(), now.durability().evidence().persist());
    HostMapping seen = HostMapping.at(segment.address()).orElseThrow();
    assertEquals(segment.address(), seen.range().from());
    assertEquals(segment.byteSize(), seen.range().length());
    assertEquals(now.spec().has(RamFlag.RAM_SHARED) ? "rw-s" : "rw-p", seen.permissions());
    if (now.spec().backing() instanceof Backing.File file && !Files.isDirectory(file.path())) {
      assertEquals(file.toString(), seen.path());
    }
    assertEquals(now.obtained().contains(RamFlag.RAM_SYNC), seen.vmFlags().contains("sf"), "sf");
    assertTrue(seen.vmFlags().contains("dc"), "no child process inherits it");
  }

  private void checkRetired(RamBlock block) {
    assertThrows(RetiredBlockException.class, () -> block.persist(0, 1));
    assertThrows(RetiredBlockException.class, () -> block.advise(MemoryAdvice.DEFAULT));
    assertThrows(RetiredBlockException.class, block::detach);
    fixture().libc().forget();
    block.close();
    block.discard();
    assertEquals(List.of(), fixture().libc().made(), "a retired block has no say");
  }

  @Test
  @DisplayName("a read-only block takes the place of a read-only one, whose readers go on")
  default void readOnlyBlocks() throws RamBlockException, IOException {
    RamFlag[] flags = {RamFlag.RAM_SHARED, RamFlag.RAM_READONLY};
    RamBlock present = fixture().allocator().allocate(fixture().spec(fixture().file("old"), flags));
    RamBlock next = fixture().allocator().allocate(fixture().spec(fixture().file("new"), flags));
    MemorySegment segment = present.segment();
    try (RamBlock now = next.replace(present)) {
      assertArrayEquals(
          AllocatorFixture.content(AllocatorFixture.SIZE), AllocatorFixture.bytesOf(segment));
      assertThrows(
          IllegalArgumentException.class, () -> segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
      assertSame(segment, now.segment());
    }
  }

  @Test
  @DisplayName("the new block's advice is in force, as asked for or as changed since")
  default void theAdviceOfTheNewBlock() throws RamBlockException, IOException {
    MemoryAdvice quiet = new MemoryAdvice(false, false, false);
    for (Memory to : List.of(Memory.SHARED_FILE, Memory.PRIVATE_FILE)) {
      RamBlockSpec old = fixture().spec(fixture().file("old"), RamFlag.RAM_SHARED);
      RamBlockSpec spec = to.spec(fixture(), fixture().file("new"));
      assertAdvice(quiet, fixture().allocator().allocate(spec.withAdvice(quiet)), old);
      RamBlock changed = fixture().allocator().allocate(spec);
      changed.advise(quiet);
      assertAdvice(quiet, changed, old);
      assertAdvice(
          MemoryAdvice.DEFAULT, fixture().allocator().allocate(spec), old.withAdvice(quiet));
    }
  }

  private void assertAdvice(MemoryAdvice advice, RamBlock next, RamBlockSpec old)
      throws RamBlockException {
    try (RamBlock now = next.replace(fixture().allocator().allocate(old))) {
      assertEquals(advice, now.advice());
      List<String> flags = HostMapping.at(now.segment().address()).orElseThrow().vmFlags();
      assertEquals(!advice.dump(), flags.contains("dd"), () -> "dd in " + flags);
      now.advise(new MemoryAdvice(advice.merge(), !advice.dump(), false));
      List<String> changed = HostMapping.at(now.segment().address()).orElseThrow().vmFlags();
      assertEquals(advice.dump(), changed.contains("dd"), () -> "dd in " + changed);
    }
  }

  @Test
  @DisplayName("discard-data of the old block empties its file, which keeps its length")
  default void theOldFileIsDiscarded() throws RamBlockException, IOException {
    MemoryAdvice discard = new MemoryAdvice(true, true, true);
    Path old = fixture().file("old");
    Path path = fixture().file("new");
    RamBlock present =
        fixture().allocator().allocate(fixture().spec(old, RamFlag.RAM_SHARED).withAdvice(discard));
    fixture()
        .allocator()
        .allocate(fixture().spec(path, RamFlag.RAM_SHARED))
        .replace(present)
        .close();
    assertArrayEquals(new byte[(int) AllocatorFixture.SIZE.bytes()], Files.readAllBytes(old));
    assertArrayEquals(
        AllocatorFixture.content(AllocatorFixture.SIZE), Files.readAllBytes(path), "the new file");
  }

  @Test
  @DisplayName("discard-data of the new block is no reason to empty the old one's file")
  default void theNewFileIsDiscardedLater() throws RamBlockException, IOException {
    MemoryAdvice discard = new MemoryAdvice(true, true, true);
    byte[] content = AllocatorFixture.content(AllocatorFixture.SIZE);
    Path old = fixture().file("old");
    Path path = fixture().file("new");
    RamBlock present = fixture().allocator().allocate(fixture().spec(old, RamFlag.RAM_SHARED));
    RamBlock now =
        fixture()
            .allocator()
            .allocate(fixture().spec(path, RamFlag.RAM_SHARED).withAdvice(discard))
            .replace(present);
    assertArrayEquals(content, Files.readAllBytes(old));
    assertArrayEquals(content, Files.readAllBytes(path));
    now.close();
    assertArrayEquals(content, Files.readAllBytes(old));
    assertArrayEquals(new byte[content.length], Files.readAllBytes(path));
  }

  @Test
  @DisplayName("a block that took a place can be re-mapped, detached and replaced like any other")
  default void whatStandsThereIsABlockLikeAnyOther() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("old"), RamFlag.RAM_SHARED);
    RamBlock present = fixture().allocator().allocate(spec);
    MemorySegment segment = present.segment();
    RamBlock now =
        fixture()
            .allocator()
            .allocate(fixture().spec(fixture().file("new"), RamFlag.RAM_SHARED))
            .replace(present);
    RamBlock again = fixture().allocator().remap(now).detach();
    RamBlock back = fixture().allocator().allocate(spec).replace(again);
    assertSame(segment, back.segment());
    back.close();
    assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  @DisplayName("of two blocks that take each other's place at the same time one does")
  default void crosswise() throws Exception {
    assumeTrue(Memory.SHARED_FILE.isTakenBy(fixture()));
    for (int round = 0; round < 5; round++) {
      RamBlock one =
          fixture().allocator().allocate(fixture().spec(fixture().file("one"), RamFlag.RAM_SHARED));
      RamBlock two =
          fixture().allocator().allocate(fixture().spec(fixture().file("two"), RamFlag.RAM_SHARED));
      CyclicBarrier start = new CyclicBarrier(2);
      int won = 0;
      try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
        for (Future<RamBlock> outcome :
            threads.invokeAll(
                List.of(atOnce(start, one, two), atOnce(start, two, one)), 20, TimeUnit.SECONDS)) {
          try {
            outcome.get().close();
            won++;
          } catch (ExecutionException lost) {
            if (!(lost.getCause() instanceof IllegalStateException)) {
              throw lost;
            }
          }
        }
      }
      assertEquals(1, won);
    }
  }

  private static Callable<RamBlock> atOnce(CyclicBarrier start, RamBlock one, RamBlock other) {
    return () -> {
      start.await(10, TimeUnit.SECONDS);
      return one.replace(other);
    };
  }

  @Test
  @DisplayName("a block whose pages are tracked can be replaced; its tracking says that it is lost")
  default void aTrackedBlock() throws RamBlockException, IOException {
    RamBlock present =
        fixture().allocator().allocate(fixture().spec(fixture().file("old"), RamFlag.RAM_SHARED));
    RamBlock next =
        fixture().allocator().allocate(fixture().spec(fixture().file("new"), RamFlag.RAM_SHARED));
    try (DirtyTracking tracking = present.track()) {
      try (RamBlock now = next.replace(present)) {
        assertThrows(TrackingLostException.class, () -> tracking.scan((offset, length) -> {}));
        now.persist(0, 1);
      }
    } catch (TrackingRefusedException e) {
      present.close();
      next.close();
      Assumptions.abort(e.getMessage());
    }
  }
}
