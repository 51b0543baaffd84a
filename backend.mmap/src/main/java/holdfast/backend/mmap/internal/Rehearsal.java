package holdfast.backend.mmap.internal;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.HostLibc;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exchanges small blocks of memory that nobody uses, once in a process, by the code that exchanges
 * a guest's: where that runs for the first time, the JVM loads and links it, which takes about 10
 * ms, while the guest stands still.
 */
final class Rehearsal {
  private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
  private static final AtomicBoolean MADE = new AtomicBoolean();
  private static final ByteSize SIZE = ByteSize.kib(64);
  private static final List<RamFlag> SHARED = List.of(RamFlag.RAM_SHARED);
  private static final int TIMES = 3;

  private Rehearsal() {}

  /** Rehearses, unless that was done; whatever fails is left for the real exchange to tell. */
  static void once() {
    if (!MADE.compareAndSet(false, true)) {
      return;
    }
    try {
      for (int time = 0; time < TIMES; time++) {
        exchange(map(new Backing.Memfd(false, ByteSize.ZERO, true), SHARED));
        exchange(map(new Backing.Anonymous(), List.of()));
      }
    } catch (RamBlockException | RuntimeException e) {
      LOG.debug("no exchange was rehearsed: {}", e.toString());
    }
  }

  private static RamBlock map(Backing backing, List<RamFlag> flags) throws RamBlockException {
    RamBlockSpec spec = RamBlockSpec.of(new BackendId("rehearsal"), backing, SIZE, flags);
    return new BlockMapper(
            HostLibc.instance(),
            Path.of("/sys"),
            Path.of("/proc"),
            spec,
            MappingStyle.kernel("rehearsal"))
        .map();
  }

  private static void exchange(RamBlock next) throws RamBlockException {
    try (next;
        RamBlock present = map(new Backing.Memfd(false, ByteSize.ZERO, true), SHARED);
        DirtyTracking tracking = present.track()) {
      present.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
      tracking.scan((offset, length) -> {});
      BlockExchange made = next.exchange(present);
      made.release();
      made.block().persist(0, SIZE.bytes());
      made.block().close();
    }
  }
}
