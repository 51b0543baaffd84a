package holdfast.backend.mmap.internal;

import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;

/**
 * What a block is made from, except its window and its flags. The next block in the same window, or
 * the same block in another one, can be made from it.
 *
 * @param libc the host
 * @param spec what was requested
 * @param style the decisions of the allocator
 * @param store the open backing
 */
record BlockRecipe(Libc libc, RamBlockSpec spec, MappingStyle style, BackingStore store) {

  /** Returns what maps the backing. */
  WindowMapper mapper() {
    return new WindowMapper(libc, spec, store);
  }

  /** Evaluates a mapping. */
  DurabilityAssessment assess(AgreedFlags agreed) {
    return DurabilityAssessment.of(
        spec,
        style,
        store,
        agreed.attempt(),
        libc.constants().mapFlagNames(agreed.flags()),
        agreed.vmFlags());
  }

  /**
   * Evaluates a mapping, and applies the block's policy.
   *
   * @throws DurabilityException if the policy requires more
   */
  DurabilityAssessment judge(AgreedFlags agreed) throws DurabilityException {
    DurabilityAssessment assessment = assess(agreed);
    boolean enough = assessment.durability().obtained().compareTo(Granularity.CACHE_LINE) >= 0;
    if (spec.policy() == DurabilityPolicy.REQUIRE && !enough) {
      throw new DurabilityException(spec, assessment.durability());
    }
    return assessment;
  }

  /** Makes the block that is mapped in a window. */
  MappedRamBlock mappedIn(Window window, AgreedFlags agreed) {
    return new MappedRamBlock(this, window, agreed, assess(agreed));
  }

  /** Returns what to do about a failed call on the backing, as half a sentence. */
  String remedy(Step step, ErrnoException e) {
    return Remedy.of(step, e, Scene.ofFile(libc, new BlockRequest(spec), store.fd()));
  }
}
