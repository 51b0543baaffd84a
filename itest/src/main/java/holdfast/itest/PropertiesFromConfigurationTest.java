package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every property of every type of memory backend as a configuration, with a value that is not its
 * default, once as File Install would write it and once typed: both come up, and {@code ram:show}
 * reads the same back. On files on a disk.
 */
class PropertiesFromConfigurationTest extends LiveMachineTest {
  private static final String FILE = "holdfast.memory.backend.file~";
  private static final String MEMFD = "holdfast.memory.backend.memfd~";
  private static final String RAM = "holdfast.memory.backend.ram~";

  /** What {@code ram:show} says of each, without id, size and path. */
  private static final Map<String, String> SHOWN =
      Map.of(
          "nv",
          "share=on align=2M offset=1M pmem=on readonly=off rom=off discard-data=on merge=off"
              + " dump=off prealloc=on prealloc-threads=2 reserve=on host-nodes=0"
              + " policy=preferred x-durability=off x-follow-symlink=on",
          "template",
          "share=off align=0 offset=0 pmem=off readonly=on rom=off discard-data=off merge=on"
              + " dump=on prealloc=off reserve=off policy=default x-durability=warn"
              + " x-follow-symlink=off",
          "fd",
          "share=off hugetlb=off hugetlbsize=2M seal=off merge=off dump=off prealloc=on"
              + " prealloc-threads=3 reserve=on host-nodes=0 policy=bind",
          "ram",
          "share=on merge=off dump=off prealloc=off prealloc-threads=1 reserve=off host-nodes=0"
              + " policy=interleave");

  /** How values are written into a configuration. */
  enum Style {
    /** Strings, in other words than the canonical ones. */
    TEXT,
    /** Booleans, numbers, lists and arrays. */
    TYPED
  }

  private Map<String, Map<String, Object>> configurations(Style style) {
    boolean typed = style == Style.TYPED;
    Object yes = typed ? (Object) true : "yes";
    Object no = typed ? (Object) false : "n";
    String file = machine.folder().resolve("file.img").toString();
    Map<String, Map<String, Object>> all = new LinkedHashMap<>();
    all.put(
        MachineFixture.MACHINE,
        Map.of("size", "8M", "objects", "nv,template,fd,ram", "mem-merge", yes));
    Map<String, Object> pages = new HashMap<>();
    pages.put("merge", no);
    pages.put("dump", no);
    pages.put("host-nodes", typed ? new int[] {0} : "0-0");
    Map<String, Object> nv = new HashMap<>(pages);
    nv.put("id", "nv");
    nv.put("size", typed ? (Object) (4 << 20) : "4096K");
    nv.put("mem-path", file);
    nv.put("share", yes);
    nv.put("align", typed ? (Object) (2L << 20) : "0x200000");
    nv.put("offset", typed ? (Object) (1L << 20) : "1024k");
    nv.put("pmem", yes);
    nv.put("rom", "off");
    nv.put("discard-data", yes);
    nv.put("prealloc", yes);
    nv.put("prealloc-threads", typed ? (Object) (byte) 2 : "2");
    nv.put("policy", "preferred");
    nv.put("x-durability", "off");
    nv.put("x-follow-symlink", yes);
    all.put(FILE + "nv", nv);
    all.put(
        FILE + "template",
        Map.of(
            "id",
            "template",
            "size",
            "1M",
            "mem-path",
            machine.folder().resolve("template.img").toString(),
            "readonly",
            yes,
            "rom",
            "off",
            "reserve",
            no));
    Map<String, Object> fd = new HashMap<>(pages);
    fd.putAll(Map.of("id", "fd", "size", typed ? (Object) (1 << 20) : "1M"));
    fd.putAll(Map.of("share", no, "hugetlb", no, "seal", no));
    fd.put("hugetlbsize", typed ? (Object) (2L << 20) : "2048K");
    fd.putAll(Map.of("prealloc", yes, "policy", "bind"));
    fd.put("prealloc-threads", typed ? (Object) 3L : "0x3");
    all.put(MEMFD + "fd", fd);
    Map<String, Object> ram = new HashMap<>(pages);
    ram.putAll(Map.of("id", "ram", "size", "1M", "share", yes, "reserve", no));
    ram.put("prealloc-threads", typed ? (Object) (short) 1 : "1");
    ram.put("policy", "interleave");
    ram.put("host-nodes", typed ? List.of(0) : "0");
    all.put(RAM + "ram", ram);
    return all;
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  @DisplayName("strings and typed values come up, and read back the same")
  void readBack(Style style) throws Exception {
    java.nio.file.Files.write(machine.folder().resolve("template.img"), new byte[1 << 20]);
    configurations(style).forEach(machine::configure);
    machine.awaitUp();

    SHOWN.forEach(
        (id, properties) -> {
          String shown = machine.run("ram:show " + id);
          assertEquals(
              properties,
              shown
                  .lines()
                  .filter(line -> line.startsWith("  properties "))
                  .map(line -> line.substring("  properties ".length()).strip())
                  .findFirst()
                  .orElse(shown));
        });
    String shown = machine.run("ram:show nv");
    assertTrue(shown.contains("  size          4M, aligned to 2M, pages of 4K"), shown);
    assertTrue(shown.contains("file.img"), shown);
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  @DisplayName("live changes of the configuration, and by ram:set, are in force and written down")
  void liveChanges(Style style) {
    boolean typed = style == Style.TYPED;
    Map<String, Object> own =
        new HashMap<>(Map.of("id", "nv", "size", "4M", "share", "on", "allocator.target", ""));
    own.put("mem-path", machine.folder().resolve("file.img").toString());
    machine.configure(MachineFixture.MACHINE, Map.of("size", "8M", "objects", "nv"));
    machine.configure(FILE + "nv", own);
    machine.awaitUp();
    assertTrue(machine.run("ram:show nv").contains(" merge=on dump=on prealloc=off "));

    own.put("dump", typed ? (Object) false : "off");
    own.put("prealloc", typed ? (Object) true : "on");
    machine.configure(FILE + "nv", own);
    Await.until(
        "in force",
        () -> machine.run("ram:show nv"),
        shown -> shown.contains(" merge=on dump=off prealloc=on "));

    assertEquals("memory backend 'nv': merge=off", machine.run("ram:set nv merge off"));
    assertEquals("off", machine.configured(FILE + "nv").get("merge"));
    assertTrue(machine.run("ram:set nv size 8M").contains("size can't be changed while nv is in"));
    assertTrue(machine.run("ram:set nv dumb on").contains("did you mean dump?"));
    assertTrue(machine.run("ram:show nv").contains(" merge=off dump=off prealloc=on "));
  }
}
