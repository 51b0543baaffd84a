package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.backend.testkit.FlushOracle;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.WatchedMemory;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.MapperAllocator;
import holdfast.machine.core.Region;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Guest memory over the product's own regions and blocks on simulated DAX, on a machine whose CPU
 * caches lose what was not flushed: from 4 GiB on, next to each other and of 8 KiB each, the nvdimm
 * a, the nvdimm b with a label, and the pc-dimm c, which is private and durable in nothing.
 * Whatever is stored and persisted, across the borders of devices and of lines, the lines of the
 * range in a and b are durable, are flushed once, and no others are.
 */
class PowerCutModelTest {
  private static final long BASE = 0x1_0000_0000L;
  private static final int PART = 8192;
  private static final int LINE = FlushOracle.LINE;
  private static final ByteSize LABEL = ByteSize.kib(128);

  /** Something done to a range of the guest's memory, which is counted from {@link #BASE}. */
  record Step(boolean persist, int offset, int length, byte value) {
    /** The bytes of it in the part {@code number}: from the first to before the second offset. */
    AddressRange in(int number) {
      int from = Math.clamp(offset - number * PART, 0, PART);
      int to = Math.clamp(offset + length - number * PART, 0, PART);
      return new AddressRange(from, to);
    }
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    int end = 3 * PART;
    Arbitrary<Integer> places =
        Combinators.combine(
                Arbitraries.oneOf(
                    Arbitraries.of(0, PART, 2 * PART, end),
                    Arbitraries.integers().between(0, end / LINE).map(line -> line * LINE)),
                Arbitraries.integers().between(-LINE, LINE))
            .as((border, beside) -> Math.clamp(border + beside, 0, end));
    return Combinators.combine(
            Arbitraries.of(true, false),
            places,
            Arbitraries.oneOf(Arbitraries.integers().between(0, 3 * LINE), places),
            Arbitraries.bytes())
        .as(
            (persist, from, length, value) ->
                new Step(persist, from, Math.min(length, end - from), value))
        .list()
        .ofMaxSize(15);
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void persistsCrossDevices(@ForAll("steps") List<Step> steps) throws Exception {
    Storage storage = Storage.simulatedDax();
    Path folder = storage.newFolder();
    FlushOracle oracle = new FlushOracle();
    FaultyLibc libc = storage.libc().withOracle(oracle);
    Candidates candidates = new Candidates();
    MapperAllocator dax =
        new MapperAllocator(new RamMapper(libc, Path.of("/sys")), MappingStyle.pmem("dax", oracle));
    candidates.add(dax, dax.properties(1, 100));
    List<Region> regions = new ArrayList<>();
    try (LeakCheck leaks = LeakCheck.start(libc, folder)) {
      for (String id : List.of("ram", "a", "b", "c")) {
        Set<RamFlag> flags =
            id.equals("c")
                ? Set.of(RamFlag.RAM_PMEM)
                : Set.of(RamFlag.RAM_PMEM, RamFlag.RAM_SHARED);
        ByteSize size = new ByteSize(PART + (id.equals("b") ? LABEL.bytes() : 0));
        Backing backing = new Backing.File(folder.resolve(id));
        RamBlockSpec spec = RamBlockSpec.of(new BackendId(id), backing, size, flags);
        regions.add(Region.open(spec, candidates, AllocatorFilter.ANY, changed -> {}));
      }
      try {
        run(steps, oracle, regions);
      } finally {
        regions.forEach(Region::close);
      }
    } finally {
      Storage.remove(folder);
    }
  }

  private static void run(List<Step> steps, FlushOracle oracle, List<Region> regions)
      throws Exception {
    MemoryLayout machine =
        MemoryLayout.of(MachineType.PC, new ByteSize(PART), 3L, ByteSize.mib(1)).withNvdimm(true);
    FlatGuestMemory guest = new FlatGuestMemory(machine, regions.get(0), FakeRegion::neverLost);
    List<MemoryDevice> devices =
        List.of(
            guest.plug(DeviceRequest.of(DeviceKind.NVDIMM, "a", regions.get(1))),
            guest.plug(
                DeviceRequest.of(DeviceKind.NVDIMM, "b", regions.get(2)).withLabelSize(LABEL)),
            guest.plug(DeviceRequest.of(DeviceKind.PC_DIMM, "c", regions.get(3))));
    List<WatchedMemory> durable = new ArrayList<>();
    for (int number = 0; number < devices.size(); number++) {
      MemoryDevice device = devices.get(number);
      assertEquals(BASE + (long) number * PART, device.address().value());
      assertEquals(PART, device.size().bytes());
      durable.add(oracle.watch(device.segment()));
    }
    byte[] model = new byte[2 * PART]; // of what is durable in a and b
    for (Step step : steps) {
      GuestAddress address = new GuestAddress(BASE + step.offset);
      if (step.persist) {
        AtomicReference<Granularity> held = new AtomicReference<>();
        assertEquals(
            List.of(),
            oracle.persist(
                hostRanges(step, devices),
                () -> held.set(guest.persist(address, new ByteSize(step.length)))));
        if (step.length > 0) {
          boolean inC = step.in(2).length() > 0;
          assertEquals(inC ? Granularity.NONE : Granularity.CACHE_LINE, held.get());
        }
        for (int number = 0; number < 2; number++) {
          AddressRange part = step.in(number);
          assertEquals(List.of(), durable.get(number).lost(part.from(), part.length()));
          MemorySegment bytes = devices.get(number).segment();
          for (long line : FlushOracle.linesOf(part)) {
            MemorySegment.copy(
                bytes, line, MemorySegment.ofArray(model), line + (long) number * PART, LINE);
          }
        }
      } else {
        byte[] bytes = new byte[step.length];
        Arrays.fill(bytes, step.value);
        guest.write(address, MemorySegment.ofArray(bytes));
      }
      assertArrayEquals(Arrays.copyOf(model, PART), durable.get(0).durable(), "a");
      assertArrayEquals(Arrays.copyOfRange(model, PART, 2 * PART), durable.get(1).durable(), "b");
      assertArrayEquals(new byte[PART], durable.get(2).durable(), "c");
    }
  }

  /** Where the host has what a persist promises: in a and b. */
  private static List<AddressRange> hostRanges(Step step, List<MemoryDevice> devices) {
    List<AddressRange> ranges = new ArrayList<>();
    for (int number = 0; number < 2; number++) {
      long host = devices.get(number).segment().address();
      AddressRange part = step.in(number);
      ranges.add(new AddressRange(host + part.from(), host + part.to()));
    }
    return ranges;
  }
}
