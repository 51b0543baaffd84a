package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.StampingCode.STEP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import java.nio.ByteOrder;

/** What a guest that runs {@link StampingCode} has stored. */
final class StampedCells {
  private StampedCells() {}

  /**
   * Checks that each store of a guest that has stopped is in its cells, and none of an earlier pass
   * behind it.
   *
   * @param where what the cells were read from
   * @param stamp the guest's r8
   */
  static void check(String where, long[] cells, int from, int count, long stamp) {
    long first = cells[from];
    // the pass may not have begun to store, or the next stamp may not have been made yet
    assertTrue(
        first == stamp || first == stamp - STEP,
        () -> where + ": the first cell has " + words(first) + ", the guest " + words(stamp));
    int next = 1;
    while (next < count && cells[from + next] == first) {
      next++;
    }
    for (int i = next; i < count; i++) {
      long cell = cells[from + i];
      int at = i;
      assertEquals(
          first - STEP,
          cell,
          () ->
              where
                  + ": cell "
                  + at
                  + " has "
                  + words(cell)
                  + ", though the guest is in pass "
                  + words(first));
    }
  }

  private static String words(long stamp) {
    return Long.toHexString(stamp >>> 32) + ":" + Long.toHexString(stamp & 0xffff_ffffL);
  }

  /** Reads cells while the guest stores, until it is closed: none is torn or goes backwards. */
  static final class Reader implements AutoCloseable {
    private final GuestMemory memory;
    private final long address;
    private final int count;
    private final Thread thread;
    private volatile boolean ended;
    private volatile long read;
    private volatile String wrong = "";

    Reader(GuestMemory memory, long address, int count) {
      this.memory = memory;
      this.address = address;
      this.count = count;
      this.thread = Thread.ofPlatform().daemon().name("reader").start(this::read);
    }

    private void read() {
      long[] last = new long[count];
      for (int at = 0; !ended; at = (at + 4099) % count) {
        GuestAddress cell = new GuestAddress(address + at * 8L);
        long value = memory.getLongAcquire(cell, ByteOrder.LITTLE_ENDIAN);
        if (value >>> 32 != (value & 0xffff_ffffL)) {
          wrong = "cell " + at + " is torn: " + words(value);
        } else if (value < last[at]) {
          wrong = "cell " + at + " went back from " + words(last[at]) + " to " + words(value);
        }
        last[at] = value;
        read++;
      }
    }

    @Override
    public void close() throws InterruptedException {
      ended = true;
      thread.join();
      assertEquals("", wrong);
      assertTrue(read > 0, "it read");
    }
  }
}
