package holdfast.machine.acpi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("tables that follow a machine's devices")
class LiveNvdimmTablesTest {
  private static final NvdimmPlatform PLATFORM =
      NvdimmPlatform.of(256, new GuestAddress(0x1FF0_0000));
  private static final NvdimmNotification FIT = new NvdimmNotification("\\_SB.NVDR", 0x80);

  private final List<NvdimmNotification> told = new ArrayList<>();
  private final LiveNvdimmTables live = new LiveNvdimmTables(PLATFORM, told::add);

  private static TestDevice nvdimm(int slot) {
    return TestDevice.nvdimm(slot, (1L << 32) + ((long) slot << 27), ByteSize.mib(128));
  }

  private static MemorySegment expected(MemoryDevice... devices) {
    return NvdimmTables.of(PLATFORM, List.of(devices)).fit();
  }

  /** Reads as the SSDT's _FIT does, once; empty if it has to start again. */
  private static Optional<MemorySegment> readOnce(LiveNvdimmTables tables) {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    while (true) {
      FitChunk chunk = tables.readFit(read.size());
      if (chunk.status() == FitChunk.CHANGED) {
        return Optional.empty();
      }
      assertEquals(FitChunk.SUCCESS, chunk.status());
      if (chunk.bytes().byteSize() == 0) {
        return Optional.of(MemorySegment.ofArray(read.toByteArray()));
      }
      assertTrue(chunk.bytes().byteSize() <= FitChunk.MAX_BYTES);
      read.writeBytes(chunk.bytes().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  @DisplayName("the FIT of 256 NVDIMMs is read in chunks of 4088 bytes, the last one empty")
  void chunks() {
    MemoryDevice[] all =
        IntStream.range(0, 256).mapToObj(LiveNvdimmTablesTest::nvdimm).toArray(MemoryDevice[]::new);
    for (MemoryDevice each : all) {
      live.deviceAdded(each);
    }

    assertEquals(4088, live.readFit(0).bytes().byteSize());
    assertEquals(-1, expected(all).mismatch(readOnce(live).orElseThrow()));
    long size = expected(all).byteSize();
    assertEquals(1, live.readFit(size - 1).bytes().byteSize());
    assertEquals(0, live.readFit(size).bytes().byteSize());
  }

  @Test
  @DisplayName("an offset beyond the end is invalid, whatever it is")
  void beyond() {
    live.deviceAdded(nvdimm(0));
    long size = live.readFit(0).bytes().byteSize();

    for (long offset : new long[] {size + 1, 0xFFFF_FFFFL, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      FitChunk chunk = live.readFit(offset);
      assertEquals(FitChunk.INVALID, chunk.status(), () -> "offset " + offset);
      assertEquals(0, chunk.bytes().byteSize());
    }
  }

  @Test
  @DisplayName("what changes while it is read has to be read from the start")
  void changedMeanwhile() {
    live.deviceAdded(nvdimm(0));
    assertEquals(FitChunk.CHANGED, live.readFit(1).status(), "nobody has begun");
    live.readFit(0);
    live.deviceAdded(nvdimm(1));

    assertEquals(FitChunk.CHANGED, live.readFit(184).status());
    assertEquals(FitChunk.CHANGED, live.readFit(184).status(), "until it does");
    assertEquals(-1, expected(nvdimm(0), nvdimm(1)).mismatch(readOnce(live).orElseThrow()));

    live.readFit(0);
    live.deviceRemoved(nvdimm(0));
    assertEquals(FitChunk.CHANGED, live.readFit(184).status());
    assertEquals(-1, expected(nvdimm(1)).mismatch(readOnce(live).orElseThrow()));
  }

  @Test
  @DisplayName("a volatile DIMM that comes does not make a reader of the FIT start again")
  void dimms() {
    live.deviceAdded(nvdimm(0));
    live.readFit(0);

    live.deviceAdded(TestDevice.device(DeviceKind.PC_DIMM, 1, 1L << 40, ByteSize.mib(128)));

    assertEquals(FitChunk.SUCCESS, live.readFit(184).status());
    assertEquals(List.of(), told);
    assertEquals(80, live.tables().sratEntries().byteSize());
  }

  @Test
  @DisplayName("plug and unplug notify the root device, once the guest may have seen a table")
  void plugAndUnplug() {
    live.deviceAdded(nvdimm(0));
    assertEquals(List.of(), told);

    assertTrue(live.tables().nfit().isPresent());
    live.deviceAdded(nvdimm(1));
    assertEquals(List.of(FIT), told);

    live.deviceRemoved(nvdimm(0));
    assertEquals(List.of(FIT, FIT), told);

    live.deviceRemoved(nvdimm(1));
    assertEquals(List.of(FIT, FIT, FIT), told);
    assertTrue(live.tables().nfit().isEmpty());
    assertEquals(Optional.of(0L), readOnce(live).map(MemorySegment::byteSize));
  }

  @Test
  @DisplayName("a region that changes notifies the NVDIMMs on it, by their ACPI devices")
  void health() {
    TestDevice one = nvdimm(0);
    TestDevice other = nvdimm(0xAB);
    live.deviceAdded(one);
    live.deviceAdded(other);
    live.regionChanged(other.region());
    assertEquals(List.of(), told, "nobody has seen it yet");
    live.tables();

    live.regionChanged(other.region());

    assertEquals(List.of(new NvdimmNotification("\\_SB.NVDR.NVAB", 0x81)), told);
  }

  @Test
  @DisplayName("an NVDIMM that is armed later is another FIT, and another health")
  void armedLater() {
    AtomicBoolean unarmed = new AtomicBoolean(true);
    TestDevice base = nvdimm(0);
    MemoryDevice device =
        (MemoryDevice)
            Proxy.newProxyInstance(
                MemoryDevice.class.getClassLoader(),
                new Class<?>[] {MemoryDevice.class},
                (proxy, method, arguments) ->
                    method.getName().equals("unarmed")
                        ? unarmed.get()
                        : method.invoke(base, arguments));
    live.deviceAdded(device);
    assertEquals(-1, expected(base.whichIsUnarmed()).mismatch(readOnce(live).orElseThrow()));

    unarmed.set(false);
    live.regionChanged(base.region());

    assertEquals(List.of(FIT, new NvdimmNotification("\\_SB.NVDR.NV00", 0x81)), told);
    assertEquals(FitChunk.CHANGED, live.readFit(1).status());
    assertEquals(-1, expected(base).mismatch(readOnce(live).orElseThrow()));
  }

  @Test
  @DisplayName("threads that read while devices come and go see one moment's FIT, or start again")
  void concurrent() throws InterruptedException {
    int slots = 64;
    AtomicBoolean ended = new AtomicBoolean();
    ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    LiveNvdimmTables tables = new LiveNvdimmTables(PLATFORM, what -> {});
    List<Thread> readers =
        IntStream.range(0, 3)
            .mapToObj(
                i ->
                    Thread.ofPlatform()
                        .start(
                            () -> {
                              while (!ended.get()) {
                                check(tables.tables().fit(), wrong);
                              }
                            }))
            .toList();
    Thread guest =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!ended.get()) {
                    readOnce(tables).ifPresent(fit -> check(fit, wrong));
                  }
                });
    Random random = new Random(15);
    List<MemoryDevice> plugged = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      MemoryDevice device = nvdimm(random.nextInt(slots));
      if (plugged.remove(device)) {
        tables.deviceRemoved(device);
      } else {
        plugged.add(device);
        tables.deviceAdded(device);
      }
    }
    ended.set(true);
    for (Thread reader : readers) {
      reader.join();
    }
    guest.join();

    assertEquals(List.of(), List.copyOf(wrong));
    assertEquals(
        -1,
        expected(plugged.toArray(MemoryDevice[]::new)).mismatch(readOnce(tables).orElseThrow()));
  }

  /** Whole structures, with ascending handles: a mixture of two moments has a handle twice. */
  private static void check(MemorySegment fit, ConcurrentLinkedQueue<String> wrong) {
    int last = 0;
    for (long at = 0; at < fit.byteSize(); at += 184) {
      int handle = fit.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 56 + 4);
      int range = fit.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 4);
      if (handle <= last || range != 2 * handle) {
        wrong.add("handle " + handle + " behind " + last + ", range " + range);
        return;
      }
      last = handle;
    }
  }
}
