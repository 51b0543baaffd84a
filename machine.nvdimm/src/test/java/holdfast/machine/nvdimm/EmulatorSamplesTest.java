package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.acpi.FitChunk;
import holdfast.machine.acpi.LiveNvdimmTables;
import holdfast.machine.acpi.NvdimmNotification;
import holdfast.machine.acpi.NvdimmPlatform;
import holdfast.machine.acpi.NvdimmTables;
import holdfast.machine.api.Ejection;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.core.Holdfast;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The samples of docs/nvdimm.md and of the Javadoc of machine.acpi, with a test as the emulator.
 */
@Timeout(120)
class EmulatorSamplesTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int NFIT_HEAD = 40;
  private static final int PLATFORM_CAPABILITIES = 7;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final GuestAddress page = new GuestAddress(0x5000);
  private final List<MemorySegment> firmware = new ArrayList<>();
  private final List<Integer> events = new ArrayList<>();

  private static Holdfast open(String more) throws Exception {
    return Holdfast.open(
        "-machine", "pc,nvdimm=on" + more,
        "-m", "16M,slots=2,maxmem=1G",
        "-object", "memory-backend-ram,id=m,size=1M",
        "-device", "nvdimm,id=nv,memdev=m,label-size=128K");
  }

  private IntConsumer wire(GuestMemory memory, Optional<NvdimmPersistence> told) {
    int slots = 2;
    NvdimmPlatform silent = NvdimmPlatform.of(slots, page).withEvents(4, 5);
    NvdimmPlatform platform = told.map(silent::withPersistence).orElse(silent);
    LiveNvdimmTables live =
        new LiveNvdimmTables(
            platform, what -> events.add(what.value() == NvdimmNotification.FIT_CHANGED ? 4 : 5));
    memory.addListener(live);
    NvdimmTables tables = live.tables();
    tables.nfit().ifPresent(firmware::add);
    tables.ssdt().ifPresent(firmware::add);
    firmware.add(tables.sratEntries());
    NvdimmDsm dsm =
        NvdimmDsm.open(
            memory,
            offset -> {
              FitChunk chunk = live.readFit(offset);
              return new FitReader.Part(chunk.status(), chunk.bytes());
            });
    return value -> {
      if (Integer.toUnsignedLong(value) == page.value()) {
        dsm.answer(page);
      }
    };
  }

  private boolean tellsOfPersistence() {
    MemorySegment nfit = firmware.getFirst();
    long at = NFIT_HEAD;
    while (at < nfit.byteSize()) {
      if (nfit.get(SHORT, at) == PLATFORM_CAPABILITIES) {
        return true;
      }
      at += nfit.get(SHORT, at + 2);
    }
    return false;
  }

  @ParameterizedTest
  @CsvSource({"'',false", "',nvdimm-persistence=cpu',true", "',nvdimm-persistence=mem-ctrl',true"})
  @DisplayName("a guest is told how far its stores have to go if the machine was asked for it")
  void persistence(String more, boolean told) throws Exception {
    try (Holdfast machine = open(more)) {
      wire(machine.memory(), machine.nvdimmPersistence());
      assertEquals(told, tellsOfPersistence());
    }
  }

  @Test
  @DisplayName("a request is answered in the reserved page, and in no other")
  void onlyThePage() throws Exception {
    try (Holdfast machine = open("")) {
      IntConsumer port = wire(machine.memory(), machine.nvdimmPersistence());
      GuestAddress other = page.plus(4096);
      for (GuestAddress request : List.of(page, other)) {
        machine.memory().setInt(request, 1, ByteOrder.LITTLE_ENDIAN);
        machine.memory().setInt(request.plus(4), 1, ByteOrder.LITTLE_ENDIAN);
        port.accept((int) request.value());
      }
      assertEquals(8, machine.memory().getInt(page, ByteOrder.LITTLE_ENDIAN));
      assertEquals(0x71, machine.memory().getInt(page.plus(4), ByteOrder.LITTLE_ENDIAN));
      assertEquals(1, machine.memory().getInt(other, ByteOrder.LITTLE_ENDIAN));
    }
  }

  /** The emulator's device. */
  private interface Hotplug {
    void requestEjection(int slot);
  }

  private static final class Ejections implements GuestControl, AutoCloseable {
    private final Map<Integer, Ejection> asked = new ConcurrentHashMap<>();
    private final ExecutorService answers =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("ejections").factory());
    private final Hotplug hotplug;

    Ejections(Hotplug hotplug) {
      this.hotplug = hotplug;
    }

    @Override
    public String name() {
      return "my emulator";
    }

    @Override
    public void requestEjection(Ejection ejection) {
      int slot = ejection.device().slot();
      asked.put(slot, ejection);
      hotplug.requestEjection(slot);
    }

    void ejected(int slot) {
      Ejection ejection = asked.remove(slot);
      if (ejection != null) {
        answers.execute(ejection::eject);
      }
    }

    void refused(int slot, int status) {
      Ejection ejection = asked.remove(slot);
      if (ejection != null) {
        answers.execute(() -> ejection.refuse("its _OST status is 0x%x".formatted(status)));
      }
    }

    @Override
    public void close() {
      answers.shutdown();
    }
  }

  @Test
  @DisplayName("a guest that is asked for a device refuses it, and then gives it up")
  void ejection() throws Exception {
    LinkedBlockingQueue<Integer> requests = new LinkedBlockingQueue<>();
    try (Holdfast machine = open("");
        Ejections ejections = new Ejections(requests::add)) {
      machine.addGuestControl(ejections);
      var refused = machine.admin().requestUnplug("nv");
      assertEquals(0, requests.poll(LIMIT.toSeconds(), TimeUnit.SECONDS));
      ejections.refused(0, 0x83);
      assertTrue(refused.await(LIMIT).orElseThrow().toString().contains("0x83"));
      var ejected = machine.admin().requestUnplug("nv");
      assertEquals(0, requests.poll(LIMIT.toSeconds(), TimeUnit.SECONDS));
      ejections.ejected(0);
      assertTrue(ejected.await(LIMIT).isPresent());
      assertTrue(machine.memory().devices().stream().noneMatch(d -> d.id().equals("nv")));
      ejections.ejected(0);
    }
  }
}
