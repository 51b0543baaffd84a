package holdfast.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How long a guest stands still while its memory moves, and how fast it moves. */
final class Swap implements Part {
  private static final long GIB = 1L << 30;
  private static final List<Long> RATES = List.of(0L, 20_000L, 100_000L);
  private static final long USUAL_RATE = 20_000;

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    List<Place> places = Place.ofFiles(3 * GIB, findings);
    Place memory = places.getFirst();
    if (memory.isDisk()) {
      return; // there is too little memory, which was said
    }
    Map<String, Sample> pauses = new HashMap<>();
    for (MemorySwap.Kind kind : MemorySwap.Kind.values()) {
      for (long rate : RATES) {
        if (!effort.quick() || rate == USUAL_RATE || kind == MemorySwap.Kind.TMPFS) {
          new MemorySwap(memory, kind, GIB, rate).measure(effort, findings, pauses);
        }
      }
    }
    if (Place.ofFiles(9 * GIB, new Findings()).getFirst().isDisk()) {
      findings.remark("4 GiB are left out: /dev/shm has no 9 GiB free");
    } else {
      larger(effort, findings, memory, pauses);
    }
    for (Place place : places) {
      if (place.isDisk()) {
        new DiskSwap(effort, findings, memory, place)
            .measure(MemorySwap.pause(pauses, USUAL_RATE).median());
      }
    }
  }

  private static void larger(
      Effort effort, Findings findings, Place memory, Map<String, Sample> pauses) throws Exception {
    for (MemorySwap.Kind kind : MemorySwap.Kind.values()) {
      for (long rate : RATES) {
        boolean usual = rate == USUAL_RATE;
        boolean tmpfs = kind == MemorySwap.Kind.TMPFS;
        if (effort.quick() ? usual && tmpfs : usual || tmpfs) {
          new MemorySwap(memory, kind, 4 * GIB, rate).measure(effort, findings, pauses);
        }
      }
    }
  }
}
