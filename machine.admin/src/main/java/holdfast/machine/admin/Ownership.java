package holdfast.machine.admin;

/**
 * Whether the guest is here. At every moment at most one machine has it; the others' guest writers
 * are stopped, and can't be resumed.
 */
public enum Ownership {
  /** It is here. */
  OWNER,
  /** It is to come by a migration. */
  AWAITED,
  /** It is stopped, and just being handed over to another machine. */
  LEAVING,
  /** It has gone to another machine. */
  MOVED,
  /** Nobody here can know whether it is: {@link MigrationAdmin#decide} says so. */
  UNDECIDED
}
