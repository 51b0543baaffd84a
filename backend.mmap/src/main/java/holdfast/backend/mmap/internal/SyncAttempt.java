package holdfast.backend.mmap.internal;

import holdfast.host.linux.Errno;

/** The outcome of MAP_SHARED_VALIDATE|MAP_SYNC for one mapping. */
sealed interface SyncAttempt {

  /** Not attempted: the block doesn't ask for it, or the allocator or the host doesn't use it. */
  record NotMade(String why) implements SyncAttempt {}

  /** The kernel accepted both flags. */
  record Accepted() implements SyncAttempt {}

  /** The kernel refused them, and the mapping was made without both. */
  record Refused(Errno errno) implements SyncAttempt {}
}
