package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Every property of every type of memory backend, given on the command line with a value that is
 * not its default: {@code -probe json} shows it in its canonical form, and what can be seen of it
 * from outside is seen, of the files and of the mappings of the process. On files of the build's
 * disk; huge pages are not asked for, since a host has none unless it was told to.
 */
class PropertiesIT {
  /** All objects of one machine. */
  private static final List<String> OBJECTS =
      List.of(
          // offset, align, pmem, a file that is created
          "memory-backend-file,id=nv,mem-path=NV,size=4096K,share=yes,align=2048k,offset=0x100000,"
              + "pmem=true,x-durability=off,reserve=on",
          // a link is followed to a file that stays as it is
          "memory-backend-file,id=template,mem-path=LINK,size=2M,readonly=y,rom=off,"
              + "x-follow-symlink=on",
          // all that is told to the kernel about pages
          "memory-backend-file,id=scratch,mem-path=SCRATCH,size=3M,share=on,discard-data=on,"
              + "merge=off,dump=off,prealloc=on,prealloc-threads=0x2,host-nodes=0,policy=preferred",
          // the rest of it
          "memory-backend-file,id=sparse,mem-path=SPARSE,size=5M,share=on,reserve=off,rom=off,"
              + "x-standby=STANDBY",
          "memory-backend-file,id=rom,mem-path=TEMPLATE,size=1M,share=on,readonly=on,rom=on",
          "memory-backend-file,id=folder,mem-path=.,size=6M,share=on",
          "memory-backend-memfd,id=fd,size=0x700000,share=off,seal=off,hugetlb=off,hugetlbsize=2M,"
              + "merge=off,dump=off,prealloc=on,prealloc-threads=1,host-nodes=0,policy=bind",
          "memory-backend-memfd,id=fd2,size=8M,reserve=off",
          "memory-backend-ram,id=ram,size=9M,share=on,merge=off,dump=off,prealloc=on,"
              + "prealloc-threads=3,host-nodes=0-0,policy=interleave",
          "memory-backend-ram,id=ram2,size=10M,reserve=off,merge=on,dump=on");

  /** Object, property, canonical form. */
  static final List<String> SHOWN =
      List.of(
          "nv: id=nv size=4M mem-path=NV share=on align=2M offset=1M pmem=on readonly=off rom=auto"
              + " discard-data=off merge=on dump=on prealloc=off reserve=on policy=default"
              + " x-durability=off x-follow-symlink=off",
          "template: id=template size=2M mem-path=LINK share=off align=0 offset=0 pmem=off"
              + " readonly=on rom=off discard-data=off merge=on dump=on prealloc=off reserve=on"
              + " policy=default x-durability=warn x-follow-symlink=on",
          "scratch: id=scratch size=3M mem-path=SCRATCH share=on align=0 offset=0 pmem=off"
              + " readonly=off rom=auto discard-data=on merge=off dump=off prealloc=on"
              + " prealloc-threads=2 reserve=on host-nodes=0 policy=preferred x-durability=warn"
              + " x-follow-symlink=off",
          "sparse: id=sparse size=5M mem-path=SPARSE share=on align=0 offset=0 pmem=off"
              + " readonly=off rom=off discard-data=off merge=on dump=on prealloc=off reserve=off"
              + " policy=default x-standby=STANDBY x-durability=warn x-follow-symlink=off",
          "rom: id=rom size=1M mem-path=TEMPLATE share=on align=0 offset=0 pmem=off readonly=on"
              + " rom=on discard-data=off merge=on dump=on prealloc=off reserve=on policy=default"
              + " x-durability=warn x-follow-symlink=off",
          "folder: id=folder size=6M mem-path=. share=on align=0 offset=0 pmem=off readonly=off"
              + " rom=auto discard-data=off merge=on dump=on prealloc=off reserve=on policy=default"
              + " x-durability=warn x-follow-symlink=off",
          "fd: id=fd size=7M share=off hugetlb=off hugetlbsize=2M seal=off merge=off dump=off"
              + " prealloc=on prealloc-threads=1 reserve=on host-nodes=0 policy=bind",
          "fd2: id=fd2 size=8M share=on hugetlb=off hugetlbsize=0 seal=on merge=on dump=on"
              + " prealloc=off reserve=off policy=default",
          "ram: id=ram size=9M share=on merge=off dump=off prealloc=on prealloc-threads=3 reserve=on"
              + " host-nodes=0 policy=interleave",
          "ram2: id=ram2 size=10M share=off merge=on dump=on prealloc=off reserve=off"
              + " policy=default");

  private static final long BASE_RAM = 136 << 20;

  @TempDir(factory = OnBuildDisk.class)
  static Path scratch;

  private static Path folder;
  private static Holdfast.Ended probed;
  private static Holdfast serving;
  private static List<Mapping> mappings;

  /** One mapping of the process that serves. */
  private record Mapping(
      long from, long to, String access, long offset, String name, String flags) {
    long size() {
      return to - from;
    }

    boolean has(String flag) {
      return List.of(flags.split(" ")).contains(flag);
    }

    static List<Mapping> read(List<String> smaps) {
      List<Mapping> all = new ArrayList<>();
      String[] head = {};
      for (String line : smaps) {
        if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
          head = line.split(" +", 6);
        } else if (line.startsWith("VmFlags:")) {
          int dash = head[0].indexOf('-');
          all.add(
              new Mapping(
                  Long.parseUnsignedLong(head[0].substring(0, dash), 16),
                  Long.parseUnsignedLong(head[0].substring(dash + 1), 16),
                  head[1],
                  Long.parseLong(head[2], 16),
                  head.length > 5 ? head[5] : "",
                  line.substring("VmFlags:".length()).strip()));
        }
      }
      return all;
    }
  }

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
    byte[] template = new byte[2 << 20];
    template[1] = 1;
    Files.write(folder.resolve("TEMPLATE"), template);
    Files.createSymbolicLink(folder.resolve("LINK"), Path.of("TEMPLATE"));
    Files.write(folder.resolve("SCRATCH"), new byte[] {}); // empty: it is grown
    List<String> arguments = new ArrayList<>(List.of("-m", "136M"));
    OBJECTS.forEach(object -> arguments.addAll(List.of("-object", object)));
    List<String> probe = new ArrayList<>(List.of("-probe", "json"));
    probe.addAll(arguments);
    probed = Holdfast.run(folder, probe.toArray(String[]::new));
    assertEquals(0, probed.status(), probed.err()::toString);
    serving = Holdfast.start(folder, arguments);
    // the base RAM is opened after all of the others
    serving.awaitMaps(maps -> maps.stream().anyMatch(line -> bytes(line) == BASE_RAM));
    mappings = Mapping.read(serving.smaps());
  }

  /** The size of the mapping that a line of {@code /proc/PID/maps} is about. */
  private static long bytes(String line) {
    int dash = line.indexOf('-');
    return Long.parseUnsignedLong(line.substring(dash + 1, line.indexOf(' ')), 16)
        - Long.parseUnsignedLong(line.substring(0, dash), 16);
  }

  @AfterAll
  static void end() {
    if (serving != null) {
      serving.close();
    }
  }

  @ParameterizedTest
  @FieldSource("SHOWN")
  @DisplayName("each property is shown as it is in force, in its canonical form and order")
  void isShown(String shown) throws IOException {
    String id = shown.substring(0, shown.indexOf(':'));
    List<String> properties = new ArrayList<>();
    ((Map<?, ?>) backend(id).get("properties")).forEach((k, v) -> properties.add(k + "=" + v));
    assertEquals(shown, id + ": " + String.join(" ", properties));
  }

  private static Map<?, ?> backend(String id) throws IOException {
    return ((List<?>) probed.json().get("backends"))
        .stream()
            .map(each -> (Map<?, ?>) each)
            .filter(each -> each.get("id").equals(id))
            .findFirst()
            .orElseThrow();
  }

  @Test
  @DisplayName("no property of any type is left out of this test")
  void allAreGivenSomewhere() throws IOException, InterruptedException {
    for (String type : List.of("file", "memfd", "ram")) {
      String help = Holdfast.run(folder, "-object", "memory-backend-" + type + ",help").out();
      List<String> names =
          help.lines()
              .map(String::strip)
              .filter(line -> line.matches("[a-z-]+=<?.*"))
              .map(line -> line.substring(0, line.indexOf('=')))
              .toList();
      assertFalse(names.isEmpty(), help);
      for (String name : names) {
        assertTrue(
            OBJECTS.stream()
                .anyMatch(
                    o -> o.startsWith("memory-backend-" + type) && o.contains("," + name + "=")),
            () -> name + " of memory-backend-" + type);
      }
    }
  }

  private static Mapping mapping(String id) {
    Mapping found =
        switch (id) {
          case "nv" -> named("NV");
          case "template" -> ofTemplate("rw-p");
          case "scratch" -> named("SCRATCH");
          case "sparse" -> named("SPARSE");
          case "rom" -> ofTemplate("r--s");
          case "folder" -> ofSize(6, "(deleted)");
          case "fd" -> ofSize(7, "/memfd:fd (deleted)");
          case "fd2" -> ofSize(8, "/memfd:fd2 (deleted)");
          case "ram" -> ofSize(9, "(deleted)");
          default -> ofSize(10, "");
        };
    return found;
  }

  private static Mapping named(String file) {
    return only(mappings.stream().filter(m -> m.name.equals(folder.resolve(file).toString())));
  }

  private static Mapping ofTemplate(String access) {
    String template = folder.resolve("TEMPLATE").toString();
    return only(mappings.stream().filter(m -> m.name.equals(template) && m.access.equals(access)));
  }

  private static Mapping ofSize(long mib, String nameEnd) {
    return only(mappings.stream().filter(m -> m.size() == mib << 20 && m.name.endsWith(nameEnd)));
  }

  private static Mapping only(Stream<Mapping> found) {
    List<Mapping> list = found.toList();
    assertEquals(1, list.size(), () -> list + " of " + mappings);
    return list.getFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "nv,rw-s,4,1",
    "template,rw-p,2,0",
    "scratch,rw-s,3,0",
    "sparse,rw-s,5,0",
    "rom,r--s,1,0",
    "folder,rw-s,6,0",
    "fd,rw-p,7,0",
    "fd2,rw-s,8,0",
    "ram,rw-s,9,0",
    "ram2,rw-p,10,0",
  })
  @DisplayName("share, readonly, rom, size and offset are those of the mapping")
  void mapping(String id, String access, long mib, long offsetMib) {
    Mapping mapping = mapping(id);
    assertEquals(access, mapping.access);
    assertEquals(mib << 20, mapping.size());
    if (!id.equals("ram2")) { // anonymous memory has no offset
      assertEquals(offsetMib << 20, mapping.offset);
    }
  }

  @Test
  void alignIsThatOfTheAddress() {
    assertEquals(0, mapping("nv").from % (2 << 20));
  }

  @ParameterizedTest
  @CsvSource({"scratch", "fd", "ram"})
  @DisplayName("dump=off is in the kernel's flags of the mapping, and in the evidence")
  void dump(String id) throws IOException {
    assertTrue(mapping(id).has("dd"), mapping(id)::toString);
    assertTrue(evidence(id).contains(" dd"), evidence(id));
    assertFalse(mapping("nv").has("dd"));
    assertFalse(evidence("nv").contains(" dd"));
  }

  @Test
  @DisplayName("merge too, where the kernel can merge: in private memory")
  void merge() throws IOException {
    assertFalse(mapping("fd").has("mg"));
    assertFalse(evidence("fd").contains(" mg"));
    if (mapping("ram2").has("mg")) { // a kernel with KSM
      assertTrue(evidence("ram2").contains(" mg"), evidence("ram2"));
    }
  }

  private static String evidence(String id) throws IOException {
    return " " + ((Map<?, ?>) backend(id).get("evidence")).get("vmflags");
  }

  @Test
  @DisplayName("reserve=off takes no swap into account, and no blocks of the file system")
  void reserve() throws IOException, InterruptedException {
    for (String id : List.of("sparse", "fd2", "ram2")) {
      assertTrue(mapping(id).has("nr"), mapping(id)::toString);
    }
    assertFalse(mapping("nv").has("nr"));
    assertEquals(0, allocated("SPARSE"));
    assertEquals(5 << 20, Files.size(folder.resolve("SPARSE")));
    assertTrue(allocated("NV") >= 4 << 20, "of a file of 5 MiB the 4 behind offset=1M");
    assertTrue(allocated("NV") < 5 << 20, "and no others");
  }

  /** How many bytes of the disk a file has. */
  private static long allocated(String file) throws IOException, InterruptedException {
    Process stat =
        new ProcessBuilder("stat", "--format=%b %B", folder.resolve(file).toString()).start();
    String[] said = new String(stat.getInputStream().readAllBytes()).strip().split(" ");
    assertTrue(stat.waitFor(10, TimeUnit.SECONDS));
    return Long.parseLong(said[0]) * Long.parseLong(said[1]);
  }

  @Test
  @DisplayName(
      "a file is created with mode 0600 and grown to the end of the block; a folder gets none")
  void files() throws IOException {
    for (String created : List.of("NV", "SPARSE")) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(folder.resolve(created), LinkOption.NOFOLLOW_LINKS)));
    }
    assertEquals(5 << 20, Files.size(folder.resolve("NV")));
    assertEquals(3 << 20, Files.size(folder.resolve("SCRATCH")));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of("LINK", "NV", "SCRATCH", "SPARSE", "TEMPLATE"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  @DisplayName("what was asked for as flags is among those requested")
  void flags() throws IOException {
    Map<String, List<String>> wanted =
        new HashMap<>(
            Map.of(
                "nv", List.of("RAM_SHARED", "RAM_PMEM"),
                "template", List.of("RAM_READONLY_FD"),
                "scratch", List.of("RAM_SHARED"),
                "sparse", List.of("RAM_SHARED", "RAM_NORESERVE"),
                "rom", List.of("RAM_SHARED", "RAM_READONLY", "RAM_READONLY_FD"),
                "fd", List.of(),
                "fd2", List.of("RAM_SHARED", "RAM_NORESERVE"),
                "ram", List.of("RAM_SHARED"),
                "ram2", List.of("RAM_NORESERVE")));
    for (var each : wanted.entrySet()) {
      assertEquals(
          each.getValue().stream().sorted().toList(),
          ((List<?>) backend(each.getKey()).get("requested"))
              .stream().map(Object::toString).sorted().toList(),
          each.getKey());
    }
  }

  @Test
  @DisplayName("discard-data=on: the blocks are given back at an orderly end; without it they stay")
  void discardData() throws IOException, InterruptedException {
    Path own = Files.createDirectory(scratch.resolve("discard"));
    byte[] bytes = new byte[1 << 20];
    bytes[4711] = 42;
    for (String value : List.of("off", "on")) {
      Files.write(own.resolve("F"), bytes);
      Holdfast.Ended ended =
          Holdfast.run(
              own,
              "-probe",
              "-object",
              "memory-backend-file,id=m,mem-path=F,size=1M,share=on,discard-data=" + value);
      assertEquals(0, ended.status());
      byte[] left = Files.readAllBytes(own.resolve("F"));
      assertEquals(bytes.length, left.length);
      assertEquals(value.equals("on") ? 0 : 42, left[4711], value);
    }
    assertNotEquals(0, bytes[4711]);
  }

  @Test
  @DisplayName("-machine mem-merge and dump-guest-core hold for what an object leaves open")
  void theMachinesDefaults() throws IOException, InterruptedException {
    Holdfast.Ended ended =
        Holdfast.run(
            folder,
            "-probe",
            "json",
            "-machine",
            "pc,mem-merge=off,dump-guest-core=off",
            "-object",
            "memory-backend-ram,id=open,size=1M",
            "-object",
            "memory-backend-ram,id=own,size=1M,merge=on,dump=on");
    assertEquals(0, ended.status(), ended.err()::toString);
    List<?> backends = (List<?>) ended.json().get("backends");
    for (Object each : backends) {
      Map<?, ?> backend = (Map<?, ?>) each;
      Map<?, ?> properties = (Map<?, ?>) backend.get("properties");
      String vmFlags = " " + ((Map<?, ?>) backend.get("evidence")).get("vmflags");
      boolean own = backend.get("id").equals("own");
      assertEquals(own ? "on" : "off", properties.get("merge"));
      assertEquals(own ? "on" : "off", properties.get("dump"));
      assertEquals(!own, vmFlags.contains(" dd"), backend::toString);
    }
    assertTrue(backends.size() >= 2);
  }
}
