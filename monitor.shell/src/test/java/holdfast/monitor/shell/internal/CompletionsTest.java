package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.core.OpenMachine;
import holdfast.monitor.shell.internal.Completions.Offer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the doors offer who types, on a machine with a memory backend and a device. */
@Timeout(60)
class CompletionsTest {
  private final OpenMachine there =
      OpenMachine.of(
          "-object",
          "memory-backend-file,id=m0,size=1M,mem-path=/m0,share=on",
          "-device",
          "nvdimm,id=nv0,memdev=m0,label-size=128K");
  private final RamCommandTable table = new RamCommandTable(there.admin());

  @AfterEach
  void close() {
    there.close();
  }

  /** What is offered at the end of a line. */
  private Offer offer(String line) {
    return table.complete(List.of(line.split(" ", -1)));
  }

  @Test
  @DisplayName("the first word is a command, and help takes one")
  void commands() {
    List<String> all = offer("").whole();
    assertTrue(all.containsAll(List.of("list", "swap", "machine:status", "help")), all::toString);
    assertEquals(table.names(), offer("help ").whole());
    assertEquals(Offer.NONE, offer("nonsense "));
    assertEquals(Offer.NONE, offer("list "));
    assertEquals(Offer.NONE, offer("help swap "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"show", "use", "set", "persist", "swap", "swaps", "object_del", "evacuate"})
  @DisplayName("where an id of a memory backend belongs, those that there are")
  void objects(String command) {
    assertEquals(List.of("m0", "pc.ram"), offer(command + " ").whole());
    assertEquals(List.of("m0", "pc.ram"), offer("ram:" + command + " m").whole());
  }

  @Test
  @DisplayName("where an id of a device belongs, those that can be unplugged")
  void devices() {
    assertEquals(List.of("nv0"), offer("device_del ").whole());
    assertEquals(List.of("nv0"), offer("device_del -timeout 3 ").whole());
    there.close();
    assertEquals(List.of(), offer("device_del ").whole(), "the machine has ended");
  }

  @Test
  @DisplayName("an option that its form has, once; its value instead of a word")
  void options() {
    List<String> all = offer("swap -").whole();
    assertTrue(all.containsAll(List.of("-plan", "-rounds", "-cancel")), all::toString);
    assertEquals(all, offer("swap m0 share=on ").whole());
    assertFalse(offer("swap -plan m0 share=on ").whole().contains("-plan"));
    assertEquals(Offer.NONE, offer("swap m0 -rounds "));
    assertEquals(all.size() - 1, offer("swap m0 share=on -rounds 3 ").whole().size());
    assertEquals(List.of("-files"), offer("options ").whole());
  }

  @Test
  @DisplayName("properties with = for a swap, each once, and their values behind it")
  void properties() {
    Offer first = offer("swap m0 ");
    assertEquals(0, first.from());
    assertTrue(first.begun().containsAll(List.of("mem-path=", "share=")), first::toString);
    assertFalse(first.begun().contains("id="));
    Offer second = offer("swap m0 mem-path=/a,,b,sh");
    assertEquals("mem-path=/a,,b,".length(), second.from());
    assertTrue(second.begun().contains("share="));
    assertFalse(second.begun().contains("mem-path="));
    assertEquals(
        Offer.begun("pmem=on,share=".length(), List.of("on", "off")),
        offer("swap m0 pmem=on,share="));
    assertEquals(Offer.NONE, offer("swap m0 nonsense="));
    assertEquals(Offer.NONE, offer("swap nosuch "));
  }

  @Test
  @DisplayName("for set the properties that can change in use, and their values")
  void set() {
    assertEquals(
        List.of("discard-data", "dump", "merge", "prealloc"),
        offer("set m0 ").whole().stream().sorted().toList());
    assertEquals(List.of("on", "off"), offer("set m0 dump ").whole());
    assertEquals(List.of(), offer("set m0 nonsense ").whole());
  }

  @Test
  @DisplayName("types for what is added, then the properties of the type, and what is there")
  void added() {
    assertTrue(offer("object_add ").begun().contains("memory-backend-ram,"));
    assertEquals(List.of("nvdimm,", "pc-dimm,"), offer("device_add ").begun());
    assertTrue(offer("object_add memory-backend-ram,").begun().contains("id="));
    assertFalse(offer("object_add memory-backend-ram,").begun().contains("mem-path="));
    assertEquals(List.of("m0", "pc.ram"), offer("device_add nvdimm,memdev=").begun());
    assertEquals(Offer.NONE, offer("object_add nonsense,"));
  }

  @ParameterizedTest
  @CsvSource({
    "'evacuate m0 /x', 0",
    "'options -files ', 0",
    "'swap m0 mem-path=/x', 9",
    "'swap m0 share=on,mem-path=', 18",
    "'object_add memory-backend-file,mem-path=', 29",
    "'migrate file:/x', 5",
    "'migrate unix:', 5",
    "'migrate_incoming file:', 5",
    "'migrate -tls-dir ', 0",
    "'migration_parameters x-holdfast-tls-dir=', 19",
  })
  @DisplayName("a path where one belongs")
  void paths(String line, int from) {
    assertEquals(Offer.path(from), offer(line));
  }

  @Test
  @DisplayName("addresses, parameters, peers, allocators and decisions")
  void words() {
    assertTrue(offer("migrate ").begun().containsAll(List.of("tcp:", "unix:", "file:", "cpr:")));
    assertTrue(offer("migrate tcp:h:1 ").whole().contains("-peer"));
    assertEquals(List.of("holdfast", "qemu"), offer("migrate tcp:h:1 -peer ").whole());
    assertTrue(offer("migration_parameters ").begun().contains("downtime-limit="));
    assertTrue(offer("migration_parameters tls-hostname=a ").begun().contains("max-bandwidth="));
    assertEquals(
        List.of("holdfast", "qemu"), offer("migration_parameters x-holdfast-peer=").whole());
    assertEquals(List.of("dax", "file"), offer("use m0 ").whole());
    assertEquals(List.of("here", "elsewhere"), offer("migrate_decide ").whole());
  }
}
