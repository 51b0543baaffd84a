package holdfast.machine.core;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** An allocator of {@link FakeBlock}s that does as it is told, and keeps a list of what it made. */
public final class FakeAllocator implements RamBlockAllocator {
  /** Something that can go wrong in an allocator. */
  @FunctionalInterface
  public interface Step {
    /** Goes wrong, or does nothing. */
    void take(RamBlockSpec spec) throws RamBlockException;
  }

  private final String kind;
  private final Granularity granularity;
  private final List<FakeBlock> made = new CopyOnWriteArrayList<>();
  private volatile Predicate<RamBlockSpec> accepts = spec -> true;
  private volatile Step beforeAllocate = spec -> {};
  private volatile Step beforeRemap = spec -> {};
  private volatile Step afterRetiring = spec -> {};

  /** An allocator that takes everything. */
  public FakeAllocator(String kind, Granularity granularity) {
    this.kind = kind;
    this.granularity = granularity;
  }

  /** The service properties that the framework shows for it. */
  public Map<String, Object> properties(long serviceId, int ranking) {
    return Map.of("service.id", serviceId, "service.ranking", ranking, BACKEND_KIND, kind);
  }

  /** From now on it takes what {@code which} says. */
  public FakeAllocator accepting(Predicate<RamBlockSpec> which) {
    accepts = which;
    return this;
  }

  /** From now on each allocation begins with this. */
  public FakeAllocator beforeAllocate(Step step) {
    beforeAllocate = step;
    return this;
  }

  /** From now on each re-map begins with this. */
  public FakeAllocator beforeRemap(Step step) {
    beforeRemap = step;
    return this;
  }

  /** From now on this comes between retiring the old block and handing out the new one. */
  FakeAllocator afterRetiring(Step step) {
    afterRetiring = step;
    return this;
  }

  /** Every block that it made or re-mapped, in order. */
  public List<FakeBlock> made() {
    return made;
  }

  @Override
  public String kind() {
    return kind;
  }

  @Override
  public boolean accepts(RamBlockSpec spec) {
    return accepts.test(spec);
  }

  @Override
  public RamBlock allocate(RamBlockSpec spec) throws RamBlockException {
    beforeAllocate.take(spec);
    FakeBlock block = FakeBlock.make(spec, granularity);
    made.add(block);
    return block;
  }

  @Override
  public RamBlock remap(RamBlock present) throws RamBlockException {
    beforeRemap.take(present.spec());
    FakeBlock next = ((FakeBlock) present).retireFor(granularity);
    afterRetiring.take(present.spec());
    made.add(next);
    return next;
  }

  @Override
  public String toString() {
    return kind;
  }
}
