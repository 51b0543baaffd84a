package holdfast.backend.mmap.internal;

/**
 * The mmap(2) flags of a block's mapping, which the kernel is known to accept for its backing.
 *
 * @param flags without MAP_FIXED
 * @param attempt the outcome of MAP_SYNC
 * @param vmFlags what the kernel showed of a mapping with these flags, if it was asked
 */
record AgreedFlags(int flags, SyncAttempt attempt, VmFlags vmFlags) {

  /** Returns the same flags, of a mapping of which the kernel shows {@code vmFlags}. */
  AgreedFlags shown(VmFlags vmFlags) {
    return new AgreedFlags(flags, attempt, vmFlags);
  }

  /**
   * Returns the same flags, of the mapping at {@code address}. The kernel is asked what it shows of
   * it only if the verdict rests on that, since the answer walks the page tables of the process,
   * which takes longer than all the rest of a mapping.
   */
  AgreedFlags madeAt(long address) {
    return attempt instanceof SyncAttempt.Accepted ? shown(VmFlags.at(address)) : this;
  }
}
