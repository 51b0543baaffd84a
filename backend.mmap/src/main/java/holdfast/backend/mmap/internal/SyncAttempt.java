package holdfast.backend.mmap.internal;

import holdfast.host.linux.Errno;

/** What became of MAP_SHARED_VALIDATE|MAP_SYNC for one mapping. */
sealed interface SyncAttempt {

  /**
   * It was not tried: the block doesn't ask for it, or the allocator or the host has no use of it.
   */
  record NotMade(String why) implements SyncAttempt {}

  /** The kernel took both flags. */
  record Accepted() implements SyncAttempt {}

  /** The kernel took neither, and the mapping was made without them. */
  record Refused(Errno errno) implements SyncAttempt {}
}
