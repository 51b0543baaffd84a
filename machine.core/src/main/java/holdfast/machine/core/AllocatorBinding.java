package holdfast.machine.core;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The allocator that a region is attached to, and the choice among those that are present. Not
 * thread-safe: a region's lock guards it.
 */
final class AllocatorBinding {
  private final Candidates candidates;
  private AllocatorFilter filter;

  /** Null while the region is detached. */
  private @Nullable Candidate bound;

  /** The kind of the allocator that made the present mapping. */
  private String madeBy;

  /**
   * @param filter which of the candidates may be used
   * @param maker the allocator that made the region's block
   */
  AllocatorBinding(Candidates candidates, AllocatorFilter filter, Candidate maker) {
    this.candidates = candidates;
    this.filter = filter;
    this.bound = maker;
    this.madeBy = maker.kind();
  }

  /** Returns the allocators that match and accept such a block, the best first. */
  static List<Candidate> eligible(
      List<Candidate> present, AllocatorFilter filter, RamBlockSpec spec) {
    return present.stream()
        .filter(candidate -> filter.matches(candidate.properties()))
        .filter(candidate -> candidate.accepts(spec))
        .toList();
  }

  /** Returns which allocators may be used. */
  AllocatorFilter filter() {
    return filter;
  }

  /** Restricts the choice to allocators that match. */
  void use(AllocatorFilter other) {
    filter = other;
  }

  /** Records that another allocator made the block that is now in the window. */
  void installed(Candidate maker) {
    bound = maker;
    madeBy = maker.kind();
  }

  /**
   * Attaches the region to the best of the present allocators that can take it over, or detaches it
   * if there is none.
   *
   * @return the state that follows
   */
  Region.Status settle(Region.Status now) {
    RamBlock block = now.block();
    List<String> refusals = new ArrayList<>();
    for (Candidate candidate : eligible(candidates.list(), filter, block.spec())) {
      Optional<RamBlock> next = takenOver(block, candidate, refusals);
      if (next.isPresent()) {
        bound = candidate;
        return new Region.Status(
            next.get(), RegionState.ATTACHED, candidate.kind(), String.join("; ", refusals));
      }
    }
    return detached(now, refusals);
  }

  /** Returns the block as the candidate serves it; empty, with a refusal, if it can't serve it. */
  private Optional<RamBlock> takenOver(RamBlock block, Candidate candidate, List<String> refusals) {
    if (bound != null && candidate.isSameServiceAs(bound)) {
      return Optional.of(block);
    }
    Optional<String> obstacle = block.remapObstacle();
    if (obstacle.isPresent()) {
      if (bound == null && candidate.kind().equals(madeBy)) {
        return Optional.of(block);
      }
      refusals.add(candidate + " can't take it over: " + obstacle.get());
      return Optional.empty();
    }
    try {
      RamBlock next = candidate.allocator().remap(block);
      madeBy = candidate.kind();
      return Optional.of(next);
    } catch (RamBlockException | RuntimeException | LinkageError e) {
      // LinkageError: the allocator's bundle is stopping while its code runs
      refusals.add(candidate + " can't take it over: " + e.getMessage());
      return Optional.empty();
    }
  }

  private Region.Status detached(Region.Status now, List<String> refusals) {
    if (refusals.isEmpty()) {
      refusals.add("no allocator that takes it is there");
    }
    String note = String.join("; ", refusals);
    if (now.state() == RegionState.DETACHED) {
      return new Region.Status(now.block(), RegionState.DETACHED, "", note);
    }
    bound = null;
    return new Region.Status(now.block().detach(), RegionState.DETACHED, "", note);
  }

  /** Returns how a region is served, as the rest of a sentence. */
  static String words(Region.Status status) {
    String state =
        status.state().name().toLowerCase(Locale.ROOT)
            + (status.allocator().isEmpty() ? "" : " to allocator " + status.allocator());
    return status.note().isEmpty() ? state : state + "; " + status.note();
  }
}
