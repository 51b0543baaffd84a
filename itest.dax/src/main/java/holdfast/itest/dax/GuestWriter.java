package holdfast.itest.dax;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryDriver;
import holdfast.machine.api.MemoryRegion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Works in every NVDIMM of the machine: stores a record in the label, if there is one, and persists
 * it; then a record through guest memory, persists it, and reports its number when that has
 * returned for all of them; then the next one. What it reports, in lines of fields separated by
 * tabs:
 *
 * <ul>
 *   <li>{@code region}, once for each at the start: id, granularity, obtained flags, what mmap
 *       answered, VmFlags, how it persists, bytes that the guest sees, bytes of the label
 *   <li>{@code record}: its number, the weakest granularity that a persist of it returned
 *   <li>{@code changed}, when a region did: id, granularity, obtained flags, what mmap answered,
 *       state
 *   <li>{@code full}: no page is left; {@code failed}: and why
 * </ul>
 */
@Component(
    service = {},
    immediate = true)
public final class GuestWriter implements GuestMemoryListener {
  /** The framework property that names the report port. Without it the writer stays idle. */
  static final String REPORT = "holdfast.itest.report";

  /** The framework property with the number of the record at which an allocator is exchanged. */
  static final String EXCHANGE_AT = "holdfast.itest.exchange.at";

  private final BundleContext context;
  private final GuestMemory memory;
  private final Optional<ReportPort> report;
  private final long exchangeAt;
  private volatile boolean stopped;

  /** For Declarative Services. */
  @Activate
  public GuestWriter(BundleContext context, @Reference GuestMemory memory) throws IOException {
    this.context = context;
    this.memory = memory;
    String port = context.getProperty(REPORT);
    report = port == null ? Optional.empty() : Optional.of(new ReportPort(Path.of(port)));
    String at = context.getProperty(EXCHANGE_AT);
    exchangeAt = at == null ? 0 : Long.parseLong(at);
    report.ifPresent(
        to -> {
          memory.addListener(this);
          Thread.ofPlatform().name("guest-writer").daemon().start(() -> work(to));
        });
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
          memory.devices().stream().filter(d -> d.driver() == MemoryDriver.NVDIMM).toList();
      for (MemoryDevice nvdimm : nvdimms) {
        describe(to, nvdimm);
        label(nvdimm);
      }
      long capacity =
          nvdimms.stream().mapToLong(d -> GuestRecord.capacity(d.size().bytes())).min().orElse(0);
      for (long number = 1; number <= capacity && !stopped; number++) {
        if (number == exchangeAt) {
          AllocatorExchange.start(context, to);
        }
        Granularity weakest = Granularity.BYTE;
        for (MemoryDevice nvdimm : nvdimms) {
          Granularity held = store(nvdimm, number);
          weakest = held.compareTo(weakest) < 0 ? held : weakest;
        }
        to.line("record", number, weakest.label());
      }
      to.line("full");
    } catch (Throwable e) {
      if (!stopped) {
        to.line("failed", e);
      }
    }
  }

  private static void label(MemoryDevice nvdimm) throws PersistException {
    MemoryRegion region = nvdimm.region();
    if (nvdimm.label().isPresent()) {
      GuestRecord record = GuestRecord.ofLabel(region.id().value());
      nvdimm.label().get().asSlice(0, GuestRecord.SIZE).copyFrom(record.bytes());
      region.persist(region.size().bytes() - nvdimm.labelSize().bytes(), GuestRecord.SIZE);
    }
  }

  private Granularity store(MemoryDevice nvdimm, long number) throws PersistException {
    GuestRecord record = new GuestRecord(nvdimm.region().id().value(), number);
    var address = nvdimm.address().plus(record.offset(nvdimm.size().bytes()));
    memory.write(address, record.bytes());
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
