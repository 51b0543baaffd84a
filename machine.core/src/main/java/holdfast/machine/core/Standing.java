package holdfast.machine.core;

import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;

/** Whether a machine's guest is here, and what that allows. Thread-safe. */
public final class Standing {
  private volatile Ownership ownership;

  Standing(Ownership ownership) {
    this.ownership = ownership;
  }

  /** Returns whether the guest is here. */
  public Ownership ownership() {
    return ownership;
  }

  /**
   * Says whether the guest is here from now on; waits for the end of what {@link #whileHere} does.
   * Only a migration does so.
   */
  public synchronized void become(Ownership next) {
    ownership = next;
  }

  /**
   * Checks that the guest is here.
   *
   * @throws RefusedException if it isn't, with where it is
   */
  public void requireHere() throws RefusedException {
    whileHere(() -> {});
  }

  /**
   * Says whether the guest is here from now on, and tells of it, so that what is told has the order
   * of the changes.
   *
   * @param told tells of it; must not wait
   */
  public synchronized void become(Ownership next, Runnable told) {
    ownership = next;
    told.run();
  }

  /** What can be done only while the guest is here. */
  @FunctionalInterface
  interface Work<E extends Exception> {
    void done() throws E;
  }

  /**
   * Does something while the guest is here.
   *
   * @throws RefusedException if it isn't
   */
  synchronized <E extends Exception> void whileHere(Work<E> work) throws E, RefusedException {
    switch (ownership) {
      case OWNER -> work.done();
      case AWAITED ->
          throw new RefusedException(
              "the guest is not here yet: it comes by a migration, and goes on by itself then");
      case LEAVING ->
          throw new RefusedException(
              "the guest is just moving to another machine: see query-migrate");
      case MOVED ->
          throw new RefusedException(
              "the guest has left for another machine: see query-migrate, and end this one when it goes"
                  + " on there");
      case UNDECIDED ->
          throw new RefusedException(
              "whether the guest is here has to be decided first: see query-migrate");
    }
  }
}
