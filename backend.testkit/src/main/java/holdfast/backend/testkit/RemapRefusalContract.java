package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.Durability;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LiveAccess;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests that a re-map that is impossible or fails leaves the present block serving, untouched. */
interface RemapRefusalContract extends Contract {

  @Test
  @DisplayName("a shared block of a file can be re-mapped, writable or not")
  default void sharedBlocksAreNotPinned() throws RamBlockException, IOException {
    for (RamBlockSpec spec :
        new RamBlockSpec[] {
          fixture().spec(fixture().file("shared"), RamFlag.RAM_SHARED),
          fixture().spec(fixture().file("shared"), RamFlag.RAM_SHARED, RamFlag.RAM_READONLY)
        }) {
      RamBlock block = fixture().allocator().allocate(spec);
      assertEquals(Optional.empty(), block.remapObstacle());
      fixture().allocator().remap(block).close();
    }
  }

  @Test
  @DisplayName("a private block is pinned, says why, and keeps its stores")
  default void aPrivateBlockIsPinned() throws RamBlockException, IOException {
    checkPinned(fixture().spec(fixture().file("private")));
  }

  @Test
  @DisplayName("anonymous memory is pinned, says why, and keeps its stores")
  default void anonymousMemoryIsPinned() throws RamBlockException {
    RamBlockSpec spec = fixture().spec(new Backing.Anonymous(), RamFlag.RAM_SHARED);
    assumeTrue(fixture().allocator().accepts(spec), "this allocator makes no anonymous memory");
    checkPinned(spec);
  }

  private void checkPinned(RamBlockSpec spec) throws RamBlockException {
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      block.segment().set(ValueLayout.JAVA_LONG, 4096, 42);
      String obstacle = block.remapObstacle().orElseThrow();
      assertFalse(obstacle.isBlank());
      RemapRefusedException refusal =
          assertThrows(RemapRefusedException.class, () -> fixture().allocator().remap(block));
      assertEquals(obstacle, refusal.reason());
      Sentences.assertNames(refusal, spec.id().toString());
      Sentences.assertNames(refusal, spec.backing().toString());
      assertEquals(42, block.segment().get(ValueLayout.JAVA_LONG, 4096));
      block.persist(0, spec.size().bytes());
    }
  }

  @Test
  @DisplayName("a closed block can't be re-mapped: IllegalStateException")
  default void aClosedBlockCannotBeRemapped() throws RamBlockException, IOException {
    RamBlock block =
        fixture()
            .allocator()
            .allocate(fixture().spec(fixture().file("closed"), RamFlag.RAM_SHARED));
    block.close();
    assertThrows(IllegalStateException.class, () -> fixture().allocator().remap(block));
  }

  @Test
  @DisplayName("a block of an unknown kind is refused, with the name of its class")
  default void aBlockOfAnUnknownKindIsRefused() throws IOException {
    Stranger stranger =
        new Stranger(fixture().spec(fixture().file("stranger"), RamFlag.RAM_SHARED));
    RemapRefusedException refusal =
        assertThrows(RemapRefusedException.class, () -> fixture().allocator().remap(stranger));
    Sentences.assertNames(refusal, Stranger.class.getName());
  }

  @Test
  @DisplayName("a re-map that the kernel refuses leaves the block as it was, under a working guest")
  default void aFailedRemapLeavesTheBlockAsItWas() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("kept"), RamFlag.RAM_SHARED);
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      EnumSet<RamFlag> obtained = block.obtained();
      Durability durability = block.durability();
      HostMapping before = HostMapping.at(block.segment().address()).orElseThrow();
      try (LiveAccess guest = LiveAccess.over(block.segment())) {
        fixture().libc().with(Fault.ofEvery(SystemCall.MMAP, Errno.ENOMEM));
        MappingException failure =
            assertThrows(MappingException.class, () -> fixture().allocator().remap(block));
        Sentences.assertNames(failure, spec.id().toString());
        Sentences.assertNames(failure, spec.backing().toString());
        Sentences.assertNames(failure, "ENOMEM (Cannot allocate memory)");
        guest.awaitProgress();
      }
      HostMapping after = HostMapping.at(block.segment().address()).orElseThrow();
      assertEquals(obtained, block.obtained());
      assertEquals(durability, block.durability());
      assertEquals(before.range(), after.range());
      assertEquals(before.permissions(), after.permissions());
      assertEquals(before.path(), after.path());
      assertEquals(before.vmFlags(), after.vmFlags());
      block.persist(0, spec.size().bytes());
    }
  }

  /** A block that was made by no mapper. */
  final class Stranger implements RamBlock {
    private final RamBlockSpec spec;

    Stranger(RamBlockSpec spec) {
      this.spec = spec;
    }

    @Override
    public RamBlockSpec spec() {
      return spec;
    }

    @Override
    public EnumSet<RamFlag> obtained() {
      return spec.flags();
    }

    @Override
    public Durability durability() {
      throw new UnsupportedOperationException();
    }

    @Override
    public ByteSize pageSize() {
      return AllocatorFixture.SIZE;
    }

    @Override
    public Alignment align() {
      return spec.align();
    }

    @Override
    public MemorySegment segment() {
      return MemorySegment.NULL;
    }

    @Override
    public void persist(long offset, long length) {}

    @Override
    public Optional<WriteBackFailure> writeBackFailure() {
      return Optional.empty();
    }

    @Override
    public Optional<String> lostPage(long offset, long length, boolean stored) {
      throw new UnsupportedOperationException();
    }

    @Override
    public MemoryAdvice advice() {
      return spec.advice();
    }

    @Override
    public void advise(MemoryAdvice advice) {}

    @Override
    public void preallocate(OptionalInt threads) {}

    @Override
    public Optional<String> remapObstacle() {
      return Optional.empty();
    }

    @Override
    public Optional<String> trackingObstacle() {
      throw new UnsupportedOperationException();
    }

    @Override
    public DirtyTracking track() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<String> replaceObstacle(RamBlock present) {
      return Optional.of("it is a stranger");
    }

    @Override
    public RamBlock replace(RamBlock present) {
      throw new UnsupportedOperationException();
    }

    @Override
    public RamBlock detach() {
      return this;
    }

    @Override
    public void close() {}

    @Override
    public void discard() {}
  }
}
