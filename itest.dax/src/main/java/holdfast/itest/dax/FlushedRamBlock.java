package holdfast.itest.dax;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.backend.mmap.style.CacheFlush;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;

/** A block that is persisted by flushing CPU caches, whatever its mapping is worth. */
final class FlushedRamBlock implements RamBlock {
  private static final String OBSTACLE = "the negative control stays as it is";

  private final RamBlock block;
  private final CacheFlush flush;

  FlushedRamBlock(RamBlock block, CacheFlush flush) {
    this.block = block;
    this.flush = flush;
  }

  @Override
  public void persist(long offset, long length) {
    flush.flush(block.segment().asSlice(offset, length));
    flush.drain();
  }

  @Override
  public Optional<WriteBackFailure> writeBackFailure() {
    return block.writeBackFailure();
  }

  @Override
  public Optional<String> lostPage(long offset, long length, boolean stored) {
    return block.lostPage(offset, length, stored);
  }

  @Override
  public RamBlockSpec spec() {
    return block.spec();
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    return block.obtained();
  }

  @Override
  public Durability durability() {
    return block.durability();
  }

  @Override
  public Optional<FileIdentity> file() {
    return block.file();
  }

  @Override
  public Evidence evidence() {
    return block.evidence();
  }

  @Override
  public ByteSize pageSize() {
    return block.pageSize();
  }

  @Override
  public Alignment align() {
    return block.align();
  }

  @Override
  public MemorySegment segment() {
    return block.segment();
  }

  @Override
  public MemoryAdvice advice() {
    return block.advice();
  }

  @Override
  public void advise(MemoryAdvice advice) {
    block.advise(advice);
  }

  @Override
  public void preallocate(OptionalInt threads) throws PreallocationException {
    block.preallocate(threads);
  }

  @Override
  public Optional<String> trackingObstacle() {
    return block.trackingObstacle();
  }

  @Override
  public DirtyTracking track() throws TrackingRefusedException {
    return block.track();
  }

  @Override
  public Optional<String> replaceObstacle(RamBlock present) {
    return remapObstacle();
  }

  @Override
  public RamBlock replace(RamBlock present) throws RemapRefusedException {
    throw new RemapRefusedException(spec(), OBSTACLE);
  }

  @Override
  public Optional<String> remapObstacle() {
    return Optional.of(OBSTACLE);
  }

  @Override
  public RamBlock detach() {
    return block.detach();
  }

  @Override
  public void close() {
    block.close();
  }

  @Override
  public void discard() {
    block.discard();
  }
}
