package holdfast.itest.dax;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.nvdimm.FitReader;
import holdfast.machine.nvdimm.NvdimmDsm;
import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.VcpuException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Works in every NVDIMM of the machine: has a record written into the label, if there is one, as a
 * guest asks for it; then a record through guest memory, persists it, and reports its number when
 * that has returned for all of them; then the next one. What it reports, in lines of fields
 * separated by tabs:
 *
 * <ul>
 *   <li>{@code cpu} or {@code no-cpu}: if a CPU is to store; why there is none
 *   <li>{@code region}, once for each at the start: id, granularity, obtained flags, what mmap
 *       answered, VmFlags, how it persists, bytes that the guest sees, bytes of the label
 *   <li>{@code record}: its number, the weakest granularity that a persist of it returned
 *   <li>{@code changed}, when a region did: id, granularity, obtained flags, what mmap answered,
 *       state
 *   <li>{@code paused}, {@code resumed}: by a live swap
 *   <li>{@code full}: no page is left; {@code failed}: and why
 * </ul>
 */
@Component(service = holdfast.machine.api.GuestWriter.class, immediate = true)
public final class GuestWriter implements GuestMemoryListener, holdfast.machine.api.GuestWriter {
  /** The framework property that names the report port. Without it the writer stays idle. */
  static final String REPORT = "holdfast.itest.report";

  /** The framework property with the number of the record at which an allocator is exchanged. */
  static final String EXCHANGE_AT = "holdfast.itest.exchange.at";

  /** The framework property with the number of the record at which a live swap is started. */
  static final String SWAP_AT = "holdfast.itest.swap.at";

  /**
   * The framework property that is there if the writer keeps a log of its stores for live swaps.
   */
  static final String SWAP_LOG = "holdfast.itest.swap.log";

  /**
   * The framework property that is there if a CPU that Unicorn emulates is to store the records.
   */
  static final String UNICORN = "holdfast.itest.unicorn";

  /** The pace of records during and after a live swap, which takes its time under emulation. */
  private static final Duration PACE = Duration.ofMillis(20);

  /** The function of the NVDIMM DSM Interface. */
  private static final int WRITE_LABEL = 6;

  private static final ValueLayout.OfInt NUMBER =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BundleContext context;
  private final GuestMemory memory;
  private final Optional<ReportPort> report;
  private final long exchangeAt;
  private final long swapAt;

  /** Held for a record and its report; fair, so that a swap is not kept waiting for its pause. */
  private final Semaphore storing = new Semaphore(1, true);

  private final StoreLog log = new StoreLog();
  private volatile boolean stopped;

  /** For Declarative Services. */
  @Activate
  public GuestWriter(BundleContext context, @Reference GuestMemory memory) throws IOException {
    this.context = context;
    this.memory = memory;
    String port = context.getProperty(REPORT);
    report = port == null ? Optional.empty() : Optional.of(new ReportPort(Path.of(port)));
    exchangeAt = recordOf(context, EXCHANGE_AT);
    swapAt = recordOf(context, SWAP_AT);
    report.ifPresent(
        to -> {
          memory.addListener(this);
          Thread.ofPlatform().name("guest-writer").daemon().start(() -> work(to));
        });
  }

  private static long recordOf(BundleContext context, String property) {
    String at = context.getProperty(property);
    return at == null ? 0 : Long.parseLong(at);
  }

  @Deactivate
  void deactivate() throws IOException {
    stopped = true;
    if (report.isPresent()) {
      memory.removeListener(this);
      report.get().close();
    }
  }

  @SuppressWarnings("IllegalCatch") // whatever ends the writer must reach the test
  private void work(ReportPort to) {
    try {
      List<MemoryDevice> nvdimms =
          memory.devices().stream().filter(d -> d.driver() == DeviceKind.NVDIMM).toList();
      try (NvdimmDsm dsm = NvdimmDsm.open(memory, FitReader.NONE)) {
        for (MemoryDevice nvdimm : nvdimms) {
          describe(to, nvdimm);
          label(dsm, nvdimm);
        }
      }
      records(to, nvdimms);
    } catch (EngineMissingException | EngineLackingException e) {
      to.line("no-cpu", e.getMessage());
    } catch (Throwable e) {
      if (!stopped) {
        to.line("failed", e);
      }
    }
  }

  private RecordStores stores(ReportPort to) throws VcpuException {
    if (context.getProperty(UNICORN) == null) {
      return RecordStores.byAccess(memory);
    }
    RecordStores stores = CpuStores.on(memory);
    to.line("cpu");
    return stores;
  }

  private void records(ReportPort to, List<MemoryDevice> nvdimms) throws Exception {
    try (RecordStores stores = stores(to)) {
      long capacity =
          nvdimms.stream().mapToLong(d -> GuestRecord.capacity(d.size().bytes())).min().orElse(0);
      for (long number = 1; number <= capacity && !stopped; number++) {
        if (number == exchangeAt) {
          AllocatorExchange.start(context, to);
        }
        if (number == swapAt) {
          SwapOrder.start(context, nvdimms.getFirst().region().id(), to);
        }
        storing.acquire();
        try {
          to.line("record", number, store(stores, nvdimms, number).label());
        } finally {
          storing.release();
        }
        if (swapAt > 0 && number >= swapAt) {
          LockSupport.parkNanos(PACE.toNanos()); // no page may be left before the swap is over
        }
      }
      to.line("full");
    }
  }

  /** Has a record written into the label and acknowledged, as a guest's AML asks for it. */
  private static void label(NvdimmDsm dsm, MemoryDevice nvdimm) {
    if (nvdimm.label().isEmpty()) {
      return;
    }
    MemorySegment page = MemorySegment.ofArray(new byte[NvdimmDsm.PAGE_SIZE]);
    int[] request = {nvdimm.slot() + 1, 1, WRITE_LABEL, 0, GuestRecord.SIZE};
    for (int index = 0; index < request.length; index++) {
      page.set(NUMBER, 4L * index, request[index]);
    }
    GuestRecord record = GuestRecord.ofLabel(nvdimm.region().id().value());
    page.asSlice(4L * request.length).copyFrom(record.bytes());
    if (!dsm.answer(page) || page.get(NUMBER, 4) != 0) {
      throw new IllegalStateException("the label write was answered by " + page.get(NUMBER, 4));
    }
  }

  /** Stores a record in each, and returns the weakest granularity. */
  private Granularity store(RecordStores stores, List<MemoryDevice> nvdimms, long number)
      throws Exception {
    Granularity weakest = Granularity.BYTE;
    for (MemoryDevice nvdimm : nvdimms) {
      Granularity held = store(stores, nvdimm, number);
      weakest = held.compareTo(weakest) < 0 ? held : weakest;
    }
    return weakest;
  }

  private Granularity store(RecordStores stores, MemoryDevice nvdimm, long number)
      throws Exception {
    GuestRecord record = new GuestRecord(nvdimm.region().id().value(), number);
    long offset = record.offset(nvdimm.size().bytes());
    var address = nvdimm.address().plus(offset);
    stores.store(address, record.bytes());
    log.stored(nvdimm.region(), offset, GuestRecord.SIZE);
    return memory.persist(address, new ByteSize(GuestRecord.SIZE));
  }

  private static void describe(ReportPort to, MemoryDevice nvdimm) {
    MemoryRegion region = nvdimm.region();
    var durability = region.durability();
    to.line(
        "region",
        region.id(),
        durability.obtained().label(),
        region.obtained(),
        durability.evidence().mmap(),
        durability.evidence().vmFlags(),
        durability.evidence().persist(),
        nvdimm.size().bytes(),
        nvdimm.labelSize().bytes());
  }

  @Override
  public String name() {
    return "guest-writer";
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    boolean paused = storing.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    if (paused) {
      report.ifPresent(to -> to.line("paused"));
    }
    return paused;
  }

  @Override
  public void resume() {
    storing.release();
    report.ifPresent(to -> to.line("resumed"));
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return context.getProperty(SWAP_LOG) == null ? Optional.empty() : Optional.of(log);
  }

  @Override
  public void deviceAdded(MemoryDevice device) {}

  @Override
  public void deviceRemoved(MemoryDevice device) {}

  @Override
  public void regionChanged(MemoryRegion region) {
    var durability = region.durability();
    report.ifPresent(
        to ->
            to.line(
                "changed",
                region.id(),
                durability.obtained().label(),
                region.obtained(),
                durability.evidence().mmap(),
                region.state()));
  }
}
