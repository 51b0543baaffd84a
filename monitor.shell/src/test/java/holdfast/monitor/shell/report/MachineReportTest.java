package holdfast.monitor.shell.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.core.OpenMachine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code -probe} tells: the same facts in JSON, whose keys scripts rely on, and in text. */
@Timeout(120)
class MachineReportTest {
  private static final List<String> BACKEND_KEYS =
      List.of(
          "id",
          "type",
          "path",
          "size",
          "align",
          "page-size",
          "requested",
          "obtained",
          "granularity",
          "evidence",
          "allocator",
          "state",
          "properties");

  private static final String PATH =
      "/d/\"qu\u009bo\u202et\u2028e\u007fd\"-\ud83d\ude00\udb40\udc01é\\";

  private final OpenMachine there =
      OpenMachine.of(
          "-object",
          "memory-backend-file,id=m0,size=1M,share=on,pmem=on,align=8K,mem-path=" + PATH,
          "-object",
          "memory-backend-ram,id=m1,size=2M",
          "-device",
          "nvdimm,id=nv0,memdev=m0,label-size=128K,unarmed=on,slot=2",
          "-device",
          "pc-dimm,memdev=m1");

  @AfterEach
  void close() {
    there.close();
  }

  private static MachineReport report(OpenMachine machine) {
    return new MachineReport(machine.objects(), machine.devices(), Optional.empty());
  }

  private Map<String, Object> json() throws IOException {
    return JSON.std.mapFrom(report(there).toJson());
  }

  @SuppressWarnings("unchecked") // as JSON.std makes them
  private static List<Map<String, Object>> list(Map<String, Object> json, String key) {
    return (List<Map<String, Object>>) assertInstanceOf(List.class, json.get(key));
  }

  private static List<String> keys(Object map) {
    List<String> keys = new ArrayList<>();
    assertInstanceOf(Map.class, map).keySet().forEach(key -> keys.add((String) key));
    return keys;
  }

  @Test
  @DisplayName("the operator's objects and devices in order; base RAM is neither")
  void hasObjectsAndDevices() throws Exception {
    Map<String, Object> json = json();

    assertEquals(List.of("backends", "devices"), keys(json));
    assertEquals(
        List.of("m0", "m1"), list(json, "backends").stream().map(b -> b.get("id")).toList());
    assertEquals(
        List.of("nv0", "pc-dimm[0]"),
        list(json, "devices").stream().map(d -> d.get("id")).toList());
  }

  @Test
  @DisplayName("a backend on a file: exactly these keys, sizes as numbers of bytes")
  void aFileBackend() throws Exception {
    Map<String, Object> backend = list(json(), "backends").getFirst();

    assertEquals(BACKEND_KEYS, keys(backend));
    assertEquals("memory-backend-file", backend.get("type"));
    assertEquals(PATH, backend.get("path"));
    assertEquals(1 << 20, backend.get("size"));
    assertEquals(8192, backend.get("align"));
    assertEquals(4096, backend.get("page-size"));
    assertEquals(List.of("RAM_SHARED", "RAM_PMEM"), backend.get("requested"));
    assertEquals(List.of("RAM_SHARED", "RAM_PMEM", "RAM_SYNC"), backend.get("obtained"));
    assertEquals(
        Map.of("requested", "cache-line", "obtained", "cache-line", "reason", "a fake block"),
        backend.get("granularity"));
    assertEquals(List.of("requested", "obtained", "reason"), keys(backend.get("granularity")));
    assertEquals(
        Map.of(
            "mmap", "no mmap",
            "vmflags", "rd wr",
            "persist", "nothing",
            "file-system", "fakefs"),
        backend.get("evidence"));
    assertEquals("dax", backend.get("allocator"));
    assertEquals("attached", backend.get("state"));
  }

  @Test
  @DisplayName("JSON holds nothing that a terminal would obey; letters stay as they are")
  void staysPrintable() {
    String json = report(there).toJson();

    String path = "/d/\\\"qu\\u009bo\\u202et\\u2028e\\u007fd\\\"-\ud83d\ude00\\udb40\\udc01é\\\\";
    assertTrue(json.contains('"' + path + '"'), json);
  }

  @Test
  @DisplayName("plain memory has no path, and otherwise the same keys")
  void aRamBackend() throws Exception {
    Map<String, Object> backend = list(json(), "backends").getLast();

    List<String> keys = new ArrayList<>(BACKEND_KEYS);
    keys.remove("path");
    assertEquals(keys, keys(backend));
    assertEquals("memory-backend-ram", backend.get("type"));
    assertEquals(List.of(), backend.get("requested"));
    assertEquals(List.of(), backend.get("obtained"));
  }

  @Test
  @DisplayName("devices: exactly these keys, addresses as numbers")
  void devices() throws Exception {
    List<Map<String, Object>> devices = list(json(), "devices");

    Map<String, Object> nvdimm = devices.getFirst();
    assertEquals(
        List.of(
            "id",
            "driver",
            "memdev",
            "addr",
            "size",
            "label-size",
            "slot",
            "unarmed",
            "unreachable-size",
            "warnings"),
        keys(nvdimm));
    assertEquals(
        Map.of(
            "id",
            "nv0",
            "driver",
            "nvdimm",
            "memdev",
            "m0",
            "addr",
            1L << 32,
            "size",
            (1 << 20) - (128 << 10),
            "label-size",
            128 << 10,
            "slot",
            2,
            "unarmed",
            true,
            "unreachable-size",
            0,
            "warnings",
            List.of()),
        nvdimm);
    assertEquals("pc-dimm", devices.getLast().get("driver"));
    assertEquals(false, devices.getLast().get("unarmed"));
    assertEquals(0, devices.getLast().get("label-size"));
  }

  @Test
  void aMachineWithoutObjectsHasEmptyLists() throws Exception {
    try (OpenMachine other = OpenMachine.of()) {
      assertEquals("{\"backends\":[],\"devices\":[]}", report(other).toJson());
    }
  }

  @Test
  @DisplayName("a detached backend has an empty allocator; its durability is what is left")
  void aDetachedBackend() throws Exception {
    there.unregister(there.dax);
    there.unregister(there.file);

    Map<String, Object> backend = list(json(), "backends").getFirst();
    assertEquals(BACKEND_KEYS, keys(backend));
    assertEquals("detached", backend.get("state"));
    assertEquals("", backend.get("allocator"));
    assertEquals("page", assertInstanceOf(Map.class, backend.get("granularity")).get("obtained"));
    assertEquals(List.of("RAM_SHARED", "RAM_PMEM"), backend.get("obtained"));
  }

  @Test
  @DisplayName("the text has every backend, base RAM too, and guest memory by address")
  void theTextHasItAll() {
    String text = report(there).toText();

    assertEquals(
        List.of(
            "memory backend 'm0' (memory-backend-file)",
            "memory backend 'm1' (memory-backend-ram)",
            "memory backend 'pc.ram' (memory-backend-ram)",
            "guest memory"),
        text.lines().filter(line -> line.matches("(memory|guest).*")).toList());
    List<String> table = text.lines().skip(text.lines().count() - 5).toList();
    assertTrue(table.get(0).startsWith("ADDRESS "), text);
    assertTrue(table.get(1).startsWith("0x0 "), text);
    assertTrue(table.get(2).startsWith("0x100000000 "), text);
    assertTrue(table.get(3).contains("pc-dimm[0]"), text);
    assertEquals("nvdimm 'nv0': of 1M the guest sees 896K: 128K are label", table.get(4), text);
  }
}
