package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A mistake in one configuration of many: nothing comes up, nothing is left behind (no mapping, no
 * descriptor, no file that was not there), and the reason that is told names the mistake. To
 * correct the configuration is enough for the machine to come up. On files on a disk.
 */
class ConfigurationMistakeTest extends LiveMachineTest {
  private static final String NVDIMM = "nvdimm~nvdimm0";

  @ParameterizedTest(name = "{0}: {1}={2}")
  @DisplayName("one wrong value: told by name, nothing left behind, up when it is corrected")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          memory.backend.file~shared  | size         | 12X            | size=            | 12X
          memory.backend.file~shared  | size         | 0              | shared           | size=0
          memory.backend.file~shared  | size         | 16385          | 'shared'         | 16385
          memory.backend.file~shared  | colour       | red            | colour           | shared
          memory.backend.file~shared  | share        | perhaps        | share=           | perhaps
          memory.backend.file~shared  | align        | 3M             | 'shared'         | align=3M
          memory.backend.file~shared  | mem-path     | /no/such/place | 'shared'         | /no/such/place
          memory.backend.file~shared  | mem-path     | /dev/null      | 'shared'         | /dev/null
          memory.backend.file~shared  | mem-path     | ''             | 'shared'         | mem-path
          memory.backend.file~shared  | offset       | 1K             | 'shared'         | offset=1K
          memory.backend.file~shared  | rom          | on             | 'shared'         | readonly=on
          memory.backend.file~shared  | host-nodes   | 0              | 'shared'         | policy=bind
          memory.backend.file~shared  | host-nodes   | 3-1            | host-nodes=3-1   | shared
          memory.backend.file~shared  | policy       | bind           | 'shared'         | host-nodes=0
          memory.backend.file~shared  | prealloc-threads | 0          | prealloc-threads=0 | shared
          memory.backend.file~shared  | x-durability | require        | 'shared'         | x-durability=require
          memory.backend.file~shared  | id           | private        | 'private'        | taken
          memory.backend.file~shared  | allocator.target | (nonsense  | 'shared'         | (nonsense
          memory.backend.file~private | size         | 99999T         | 'private'        | 99999T
          memory.backend.file~private | readonly     | on             | 'private'        | private.img
          memory.backend.ram~anonymous | mem-path    | x              | mem-path         | anonymous
          memory.backend.ram~anonymous | size        | 1E             | 'anonymous'      | 1E
          nvdimm~nvdimm0              | memdev       | nobody         | 'nvdimm0'        | nobody
          nvdimm~nvdimm0              | memdev       | private        | private          | nvdimm0
          nvdimm~nvdimm0              | label-size   | 1K             | nvdimm0          | 1K
          nvdimm~nvdimm0              | slot         | 77             | nvdimm0          | 77
          nvdimm~nvdimm0              | colour       | red            | colour           | nvdimm0
          pc.dimm~dimm0               | addr         | 0x1000         | dimm0            | 0x1000
          pc.dimm~dimm0               | id           | dimm1          | dimm1            | id
          machine                     | type         | vax            | type=            | vax
          machine                     | nvdimm       | false          | nvdimm0          | nvdimm=on
          machine                     | slots        | 2              | slots            | dimm1
          machine                     | slots        | many           | slots=           | many
          machine                     | maxmem       | 16M            | maxmem           | 8M
          machine                     | colour       | red            | colour           | holdfast.machine
          machine                     | memory-backend | nobody       | memory-backend=  | nobody
          """)
  void isToldByNameAndLeavesNothing(
      String pid, String property, String value, String part, String otherPart) throws IOException {
    Map<String, Map<String, Object>> configurations = machine.standard();
    String wrongPid = "holdfast." + pid;
    Map<String, Object> wrong = new HashMap<>(configurations.get(wrongPid));
    wrong.put(property, value);
    TreeSet<String> filesBefore = files();

    configurations.forEach(
        (each, properties) -> machine.configure(each, each.equals(wrongPid) ? wrong : properties));
    machine.awaitReason(part, otherPart);
    awaitNothingLeft(filesBefore);

    machine.configure(wrongPid, configurations.get(wrongPid));
    machine.awaitUp();
    try (GuestLoad load = GuestLoad.on(machine.guestMemory().orElseThrow())) {
      load.stop();
      load.checkMemory();
      load.checkFile("nvdimm0", machine.sharedFile());
    }
  }

  /** Each configuration that comes is another try, and takes back what it has made. */
  private void awaitNothingLeft(TreeSet<String> filesBefore) {
    Await.until("let go of", machine::held, List::isEmpty);
    Await.until("as before", this::filesNow, filesBefore::equals);
  }

  private TreeSet<String> filesNow() {
    try {
      return files();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A property with a value that ConfigAdmin takes and the property doesn't. */
  private record Wrong(String pid, String property, Object value, String... words) {
    @Override
    public String toString() {
      return pid + ": " + property + "=" + value.getClass().getSimpleName();
    }
  }

  static Stream<Wrong> wrongTypes() {
    String pid = MachineFixture.SHARED;
    return Stream.of(
        new Wrong(pid, "size", new String[] {"1M", "2M"}, "shared", "size=", "a list"),
        new Wrong(pid, "size", true, "shared", "size=true", "a boolean"),
        new Wrong(pid, "size", 1.5, "shared", "size=1.5", "Double"),
        new Wrong(pid, "size", -1L, "shared", "size=-1", "negative"),
        new Wrong(pid, "size", new long[] {4096}, "shared", "size=", "a list"),
        new Wrong(pid, "share", 1, "shared", "share=1", "true or false"),
        new Wrong(pid, "share", List.of(true), "shared", "share=", "a list"),
        new Wrong(pid, "mem-path", List.of("/a", "/b"), "shared", "mem-path=", "a list"),
        new Wrong(pid, "mem-path", 7, "shared", "mem-path=7", "write a string"),
        new Wrong(pid, "rom", false, "shared", "rom=false", "one of auto, on, off"),
        new Wrong(pid, "id", 5, "shared", "id=5", "write"),
        new Wrong(pid, "host-nodes", 'c', "shared", "host-nodes=", "Character"),
        new Wrong(pid, "host-nodes", new String[] {"0", "x"}, "shared", "host-nodes=x", "0-3"),
        new Wrong(pid, "prealloc-threads", 2.0f, "shared", "prealloc-threads=2.0", "Float"),
        new Wrong(pid, "allocator.target", 5, "shared", "allocator.target=5", "OSGi filter"),
        new Wrong(MachineFixture.NVDIMM, "slot", "one", "nvdimm0", "slot=one", "write"),
        new Wrong(MachineFixture.NVDIMM, "memdev", List.of("a", "b"), "nvdimm0", "memdev="),
        new Wrong(MachineFixture.MACHINE, "slots", true, "holdfast.machine", "slots=true"),
        new Wrong(MachineFixture.MACHINE, "nvdimm", 1L, "holdfast.machine", "nvdimm=1"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongTypes")
  @DisplayName(
      "a value of a type that the property doesn't have, or a list: the sentence says which")
  void aWrongTypeIsTold(Wrong wrong) throws IOException {
    machine
        .standard()
        .forEach(
            (pid, properties) -> {
              Map<String, Object> all = new HashMap<>(properties);
              if (pid.equals(wrong.pid)) {
                all.put(wrong.property, wrong.value);
              }
              machine.configure(pid, all);
            });
    String reason = machine.awaitReason(wrong.words);
    assertTrue(reason.contains("holdfast: the machine is not up: "), reason);
    assertEquals(1, reason.lines().count(), reason);
    assertFalse(reason.contains("Exception"), reason);
    awaitNothingLeft(new TreeSet<>());
  }

  @ParameterizedTest(name = "{0} without {1}")
  @CsvSource({
    "memory.backend.file~shared, id",
    "memory.backend.file~shared, size",
    "memory.backend.file~shared, mem-path",
    "memory.backend.ram~anonymous, id",
    "nvdimm~nvdimm0, memdev",
  })
  @DisplayName(
      "without a property that must be given: the sentence says which, and how it is written")
  void aMissingPropertyIsTold(String pid, String missing) throws IOException {
    machine
        .standard()
        .forEach(
            (each, properties) -> {
              Map<String, Object> all = new HashMap<>(properties);
              if (each.equals("holdfast." + pid)) {
                all.remove(missing);
              }
              machine.configure(each, all);
            });
    machine.awaitReason(
        "the machine is not up: configuration holdfast." + pid + ": ",
        missing + " is missing: add " + missing + "=<");
    awaitNothingLeft(new TreeSet<>());
  }

  @Test
  @DisplayName("a property is missing that must be given: named")
  void namesWhatIsMissing() {
    machine.standard().forEach(machine::configure);
    machine.awaitUp();
    machine.takeDown();
    Map<String, Map<String, Object>> configurations = machine.standard();
    configurations.put(MachineFixture.NVDIMM, Map.of("id", "nvdimm0"));
    configurations.forEach(machine::configure);
    machine.awaitReason("memdev", NVDIMM);
    machine.delete(MachineFixture.NVDIMM);
    machine.configure(MachineFixture.NVDIMM, machine.standard().get(MachineFixture.NVDIMM));
    machine.awaitUp();
  }

  @Test
  @DisplayName(
      "a file that is too small keeps its size and its bytes; it comes up once it is grown")
  void leavesAFileThatIsTooSmallAlone() throws IOException {
    Files.writeString(machine.sharedFile(), "mine");
    machine.standard().forEach(machine::configure);
    machine.awaitReason("'shared'", "size=16M", "4 bytes");
    assertEquals("mine", Files.readString(machine.sharedFile()));
    assertEquals(new TreeSet<>(List.of("shared.img")), files());

    try (FileChannel channel = FileChannel.open(machine.sharedFile(), StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.allocate(1), (16 << 20) - 1);
    }
    machine.configure(MachineFixture.SHARED, machine.standard().get(MachineFixture.SHARED));
    machine.awaitUp();
    assertEquals(
        'm', machine.device("nvdimm0").segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  @DisplayName("a file that was empty is empty again after a start that failed")
  void emptiesAgainWhatWasEmpty() throws IOException {
    Files.createFile(machine.sharedFile());
    Map<String, Map<String, Object>> configurations = machine.standard();
    configurations.put(MachineFixture.PRIVATE_DIMM, Map.of("memdev", "nobody"));
    configurations.forEach(machine::configure);
    machine.awaitReason("dimm0", "nobody");
    awaitNothingLeft(new TreeSet<>(List.of("shared.img")));
    Await.until("empty again", machine.sharedFile().toFile()::length, size -> size == 0);
  }

  private TreeSet<String> files() throws IOException {
    try (Stream<Path> files = Files.list(machine.folder())) {
      TreeSet<String> names = new TreeSet<>();
      files.forEach(file -> names.add(file.getFileName().toString()));
      return names;
    }
  }
}
