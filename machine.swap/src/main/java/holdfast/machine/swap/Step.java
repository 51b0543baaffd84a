package holdfast.machine.swap;

/** The steps of a swap before which a test can make it fail, in their order. */
enum Step {
  PREPARE,
  /** Comes after {@link #ALLOCATE} if the new file is there already. */
  JOURNAL,
  ALLOCATE,
  FIRST_ROUND,
  LATER_ROUND,
  VERIFY,
  PAUSE,
  LAST_COPY,
  PERSIST,
  COMPLETE,
  INSTALL,
  /** From here on nothing is rolled back. */
  RELEASE
}
