package holdfast.vcpu.unicorn.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@link HostCode} knows of one vCPU, in native memory.
 *
 * <p>Other threads only call {@link #stop}.
 */
final class Cell {
  static final long LAST = 0;
  static final long BUDGET = 8;
  static final long STOP = 16;
  static final long THREAD = 24;
  static final long LOST_COUNT = 40;
  static final long LOST = 64;

  /** How many lost pages are kept; one instruction meets fewer. */
  static final int LOST_KEPT = 8;

  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final VarHandle LONG = JAVA_LONG.varHandle();

  /**
   * A page that was lost, and replaced for the moment.
   *
   * @param address where the guest's access went, a host address
   * @param size of the page
   */
  record LostPage(long address, long size) {}

  private final MemorySegment memory;

  Cell(Arena arena) {
    memory = arena.allocate(256, 64);
  }

  /** Returns where it is. */
  MemorySegment memory() {
    return memory;
  }

  /** Has the guest leave before its next instruction. */
  void stop() {
    INT.setVolatile(memory, STOP, 1);
  }

  /** Takes {@link #stop} back. */
  void admit() {
    INT.setVolatile(memory, STOP, 0);
  }

  /** Sets how many instructions may be run, and where the first one is. */
  void begin(long counter, long budget) {
    memory.set(JAVA_LONG, LAST, counter);
    memory.set(JAVA_LONG, BUDGET, budget);
    memory.set(JAVA_LONG, LOST_COUNT, 0);
  }

  /** Returns the address of the last instruction that was begun, or refused by a stop. */
  long last() {
    return memory.get(JAVA_LONG, LAST);
  }

  /** Returns how many instructions may still be run. */
  long budget() {
    return memory.get(JAVA_LONG, BUDGET);
  }

  /** Sets the thread that is in the guest's code, 0 for none. */
  void thread(long id) {
    LONG.setVolatile(memory, THREAD, id);
  }

  /** Returns the lost pages that the guest met since {@link #begin}. */
  List<LostPage> lost() {
    long count = (long) LONG.getVolatile(memory, LOST_COUNT);
    List<LostPage> pages = new ArrayList<>();
    for (int i = 0; i < Math.min(count, LOST_KEPT); i++) {
      long at = LOST + i * 16L;
      pages.add(new LostPage(memory.get(JAVA_LONG, at), memory.get(JAVA_LONG, at + 8)));
    }
    return pages;
  }
}
