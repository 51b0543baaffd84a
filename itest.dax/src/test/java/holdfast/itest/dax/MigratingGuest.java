package holdfast.itest.dax;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Holdfast;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest that stores a record into each NVDIMM of its machine, persists them, and reports the
 * number; then the next one. That number is all the state that it takes along. It keeps a log of
 * its stores, since on DAX the kernel doesn't know them.
 */
final class MigratingGuest implements holdfast.machine.api.GuestWriter, DeviceState {
  /** No page may be left before the last migration is under way. */
  private static final Duration PACE = Duration.ofMillis(40);

  private final Holdfast machine;
  private final ReportPort report;
  private final MigrationHalt halt;
  private final int vm;
  private final List<MemoryDevice> nvdimms;

  /** Held for a record and its report; fair, so that a pause is not kept waiting. */
  private final Semaphore storing = new Semaphore(1, true);

  private final StoreLog log = new StoreLog();

  /** Changed by who holds the permit. */
  private long next = 1;

  MigratingGuest(Holdfast machine, ReportPort report, MigrationHalt halt, int vm) {
    this.machine = machine;
    this.report = report;
    this.halt = halt;
    this.vm = vm;
    this.nvdimms = nvdimms(machine);
  }

  /** A machine's NVDIMMs. */
  static List<MemoryDevice> nvdimms(Holdfast machine) {
    return machine.memory().devices().stream()
        .filter(device -> device.driver() == DeviceKind.NVDIMM)
        .toList();
  }

  /** Lets it work wherever its machine lets writers go on. */
  void start() {
    machine.addDeviceState(this);
    machine.addWriter(this);
    Thread.ofPlatform().name("guest " + halt + vm).start(this::work);
  }

  @SuppressWarnings("IllegalCatch") // whatever ends it must reach the test
  private void work() {
    try {
      long capacity = GuestRecord.capacity(nvdimms.getFirst().size().bytes());
      while (true) {
        storing.acquire();
        try {
          if (next > capacity) {
            throw new IllegalStateException("no page is left");
          }
          report.line("record", halt, vm, next, store(next).label());
          next++;
        } finally {
          storing.release();
        }
        LockSupport.parkNanos(PACE.toNanos());
      }
    } catch (Throwable e) {
      report.line("failed", halt, vm, e);
    }
  }

  private Granularity store(long number) throws PersistException {
    Granularity weakest = Granularity.BYTE;
    for (MemoryDevice nvdimm : nvdimms) {
      GuestRecord record = new GuestRecord(nvdimm.region().id().value(), number);
      long offset = record.offset(nvdimm.size().bytes());
      var address = nvdimm.address().plus(offset);
      machine.memory().write(address, record.bytes());
      log.stored(nvdimm.region(), offset, GuestRecord.SIZE);
      Granularity held = machine.memory().persist(address, new ByteSize(GuestRecord.SIZE));
      weakest = held.compareTo(weakest) < 0 ? held : weakest;
    }
    return weakest;
  }

  @Override
  public String name() {
    return "guest";
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    return storing.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void resume() {
    storing.release();
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return Optional.of(log);
  }

  @Override
  public String id() {
    return "guest";
  }

  @Override
  public int version() {
    return 1;
  }

  @Override
  public void save(OutputStream to) throws IOException {
    new DataOutputStream(to).writeLong(next);
  }

  @Override
  public void load(int saved, InputStream from) throws IOException {
    next = new DataInputStream(from).readLong();
  }
}
