package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.core.FakeBlock;
import holdfast.machine.core.OpenMachine;
import holdfast.monitor.shell.report.ObjectReport;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands {@code ram:…}, on a machine with a backend {@code m0} that both allocators take. */
@Timeout(120)
class RamCommandsTest {
  private static final String UNTIL =
      "until the machine ends, since nothing stores what it was opened with";

  private final OpenMachine there =
      OpenMachine.of(
          "-object",
          "memory-backend-file,id=m0,size=1M,mem-path=/m0,share=on,pmem=on",
          "-device",
          "nvdimm,id=nv0,memdev=m0,label-size=128K");
  private final RamCommands commands = new RamCommands(there.admin());

  @AfterEach
  void close() {
    there.close();
  }

  private String allocator() {
    return there.machine().find("m0").orElseThrow().region().status().allocator();
  }

  private static void assertSays(String sentence, Executable command) {
    CommandFailure failure = assertThrows(CommandFailure.class, command);
    assertEquals(sentence, failure.getMessage());
    assertEquals("holdfast: " + sentence, failure.toString());
  }

  @Test
  @DisplayName("list: a table of backends, an empty line, a table of guest memory by address")
  void listsBackendsAndDevices() throws Exception {
    assertEquals(
        """
        ID      SIZE  STATE     ALLOCATOR  GRANULARITY  BACKING
        m0      1M    attached  dax        cache-line   /m0
        pc.ram  1M    attached  file       page         anonymous

        ADDRESS      SIZE  DEVICE        DRIVER  MEMDEV  LABEL  SLOT
        0x0          1M    ram:below-4g  ram     pc.ram  0      -
        0x100000000  896K  nv0           nvdimm  m0      128K   0
        """,
        commands.list());
  }

  @Test
  @DisplayName("show without an id shows each backend, as by its id")
  void showsAll() throws Exception {
    assertEquals(commands.show("m0") + commands.show("pc.ram"), commands.show());
  }

  @Test
  void showsAllThatIsKnownOfABackend() throws Exception {
    String shown = commands.show("m0");

    assertTrue(shown.startsWith("memory backend 'm0' (memory-backend-file)\n"), shown);
    for (String fact :
        new String[] {
          "  backing       /m0 (fakefs)",
          "  size          1M, aligned to 4K, pages of 4K",
          "  state         attached to allocator dax",
          "  requested     RAM_SHARED RAM_PMEM",
          "  obtained      RAM_SHARED RAM_PMEM RAM_SYNC",
          "  granularity   cache-line (requested: cache-line)",
          "  reason        a fake block",
          "  mmap          no mmap",
          "  VmFlags       rd wr",
          "  persist by    nothing"
        }) {
      assertTrue(shown.lines().anyMatch(fact::equals), fact + " in\n" + shown);
    }
    assertFalse(shown.contains("note"), shown);
  }

  @Test
  @DisplayName("show of a detached region says that it is, and why")
  void showsWhyARegionIsDetached() throws Exception {
    there.unregister(there.dax);
    there.unregister(there.file);

    String shown = commands.show("m0");
    assertTrue(shown.contains("  state         detached\n"), shown);
    assertTrue(shown.contains("  note          no allocator that takes it is there\n"), shown);
  }

  @Test
  @DisplayName("use: re-mapped at once; the answer says until when it holds")
  void useChangesTheAllocator() throws Exception {
    String shown = commands.use("m0", "(backend.kind=file)");

    assertEquals("file", allocator());
    assertTrue(shown.contains("only allocators that match (backend.kind=file)"), shown);
    assertTrue(shown.endsWith("this holds " + UNTIL + "\n"), shown);
  }

  @Test
  void useTakesAKindAlone() throws Exception {
    commands.use("m0", "file");

    assertEquals("file", allocator());
  }

  @Test
  void useOfAnyTakesTheFilterBack() throws Exception {
    commands.use("m0", "file");
    String shown = commands.use("m0", "*");

    assertEquals("dax", allocator());
    assertFalse(shown.contains("only allocators"), shown);
  }

  @Test
  @DisplayName("a filter that nobody meets changes nothing")
  void useOfNobodyIsRefused() {
    assertSays(
        "no allocator that takes memory backend 'm0' matches (backend.kind=nvram); it stays with"
            + " dax",
        () -> commands.use("m0", "nvram"));

    assertEquals("dax", allocator());
  }

  @Test
  @DisplayName("the same of a detached region: it says that no allocator has it")
  void useOfNobodyIsRefusedOfADetachedRegionToo() {
    there.unregister(there.dax);
    there.unregister(there.file);

    assertSays(
        "no allocator that takes memory backend 'm0' matches (backend.kind=dax); it stays detached",
        () -> commands.use("m0", "dax"));
  }

  @Test
  @DisplayName("a backend that refuses the exchange stays, and show says why")
  void useOfAPinnedBackendSaysWhyItStays() throws Exception {
    String shown = commands.use("pc.ram", "*");
    assertTrue(shown.contains("  state         attached to allocator file\n"), shown);

    there.dax.accepting(spec -> true);
    shown = commands.use("pc.ram", "dax");
    assertTrue(shown.contains("dax (ranking 100) can't take it over: it has no file"), shown);
  }

  private FakeBlock block() {
    return (FakeBlock) there.machine().find("m0").orElseThrow().region().status().block();
  }

  private void assertShown(String property) throws Exception {
    String shown = commands.show("m0");
    assertTrue(
        shown.lines().anyMatch(l -> l.startsWith("  properties ") && (l + " ").contains(property)),
        property + " in\n" + shown);
  }

  @ParameterizedTest
  @CsvSource({
    "discard-data,yes,on",
    "merge,off,off",
    "dump,false,off",
    "prealloc,on,on",
  })
  @DisplayName("set: in force at once, answered, shown; an exchange doesn't undo it")
  void setsAndRemembers(String property, String value, String canonical) throws Exception {
    assertEquals(
        "memory backend 'm0': " + property + "=" + canonical + ", " + UNTIL,
        commands.set("m0", property, value));

    assertShown(" " + property + "=" + canonical + " ");
    assertEquals(property.equals("prealloc"), block().isPreallocated());

    there.unregister(there.dax);
    assertEquals("file", allocator());
    assertShown(" " + property + "=" + canonical + " ");
  }

  @Test
  @DisplayName(
      "set of prealloc to off again: the pages stay, and the answer says from when it holds")
  void setOfPreallocToOffHoldsFromTheNextStart() throws Exception {
    commands.set("m0", "prealloc", "on");

    assertEquals(
        "memory backend 'm0': prealloc=on, since pages that are present stay so; off holds from the"
            + " next start on, "
            + UNTIL,
        commands.set("m0", "prealloc", "off"));
    assertShown(" prealloc=on ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dumb  | on | memory backend 'm0': there is no property dumb: did you mean dump?",
        "x     | on | memory backend 'm0': there is no property x: the properties are id, size,"
            + " mem-path, share, align, offset, pmem, readonly, rom, discard-data, merge, dump,"
            + " prealloc, prealloc-threads, reserve, host-nodes, policy, x-standby, x-durability,"
            + " x-follow-symlink",
        "dump  | perhaps | memory backend 'm0': dump=perhaps is neither on nor off: write on or off",
        "size  | 2M | memory backend 'm0': size can't be changed while m0 is in use: write it into"
            + " the configuration, and it holds from the next start on; live changes are those of"
            + " discard-data, merge, dump, prealloc",
      })
  @DisplayName("set of what can't be set: one sentence")
  void aSetThatIsNoneIsRefused(String property, String value, String sentence) {
    assertSays(sentence, () -> commands.set("m0", property, value));
  }

  @Test
  @DisplayName("set of prealloc that fails or contradicts: one sentence, and not in force")
  void aFailedPreallocationIsTold() throws Exception {
    block().breakDisk();
    String told =
        assertThrows(CommandFailure.class, () -> commands.set("m0", "prealloc", "on")).getMessage();
    assertTrue(told.contains("'m0' on /m0: can't preallocate size=1M: ENOSPC"), told);
    assertShown(" prealloc=off ");

    try (OpenMachine other =
        OpenMachine.of(
            "-object", "memory-backend-file,id=m1,size=1M,mem-path=/m1,share=on,reserve=off")) {
      RamCommands others = new RamCommands(other.admin());
      assertSays(
          "memory-backend-file 'm1': prealloc=on and reserve=off contradict each other: leave one"
              + " of them out",
          () -> others.set("m1", "prealloc", "on"));
    }
  }

  @Test
  @DisplayName("show and json: properties as they are in force, with the machine's where left open")
  void showsPropertiesInForce() throws Exception {
    try (OpenMachine other =
        OpenMachine.of(
            "-machine",
            "mem-merge=off,dump-guest-core=off",
            "-object",
            "memory-backend-file,id=m1,size=1M,mem-path=/m1,share=on,dump=on,align=2M,"
                + "host-nodes=0-2,policy=bind")) {
      RamCommands others = new RamCommands(other.admin());
      String shown = others.show("m1");
      String properties =
          shown.lines().filter(line -> line.startsWith("  properties ")).findFirst().orElseThrow();
      assertEquals(
          "share=on align=2M offset=0 pmem=off readonly=off rom=auto discard-data=off merge=off"
              + " dump=on prealloc=off reserve=on host-nodes=0-2 policy=bind x-durability=warn"
              + " x-follow-symlink=off",
          properties.replaceFirst("  properties +", ""));
      Map<?, ?> json = (Map<?, ?>) new ObjectReport(other.objects().getFirst()).toMap();
      assertEquals(
          List.of("id=m1", "size=1M", "mem-path=/m1"),
          ((Map<?, ?>) json.get("properties"))
              .entrySet().stream().limit(3).map(Object::toString).toList());
      assertEquals(other.objects().getFirst().properties(), json.get("properties"));
      assertEquals(
          Map.of(
              "id",
              "pc.ram",
              "size",
              "1M",
              "share",
              "off",
              "merge",
              "off",
              "dump",
              "off",
              "prealloc",
              "off",
              "reserve",
              "on",
              "policy",
              "default"),
          new ObjectReport(other.objects().getLast()).toMap().get("properties"));

      others.set("m1", "merge", "on");
      assertTrue(others.show("m1").contains(" merge=on dump=on "), others.show("m1"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0    | 4096  | 4096 bytes from offset 0 are durable (granularity cache-line)",
        "4K   | 1K    | 1024 bytes from offset 4096 are durable (granularity cache-line)",
        "0x10 | 1     | 1 bytes from offset 16 are durable (granularity cache-line)",
        "1M   | 0     | 0 bytes from offset 1048576 are durable (granularity cache-line)",
      })
  void persistsARange(String offset, String length, String answer) throws Exception {
    assertEquals(answer, commands.persist("m0", offset, length));
  }

  @Test
  void persistsAWholeBackend() throws Exception {
    assertEquals(
        "1048576 bytes from offset 0 are durable (granularity cache-line)", commands.persist("m0"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1M  | 1  | 1 bytes from offset 1048576 are not within memory backend 'm0', which has"
            + " 1048576 bytes",
        "4K  | 1M | 1048576 bytes from offset 4096 are not within memory backend 'm0', which has"
            + " 1048576 bytes",
        "1   | 0x7fffffffffffffff | 9223372036854775807 bytes from offset 1 are not within memory"
            + " backend 'm0', which has 1048576 bytes",
        "-1  | 1  | offset=-1 is negative: write a size of 0 or more",
        "0   | ten | length=ten is not a size: write bytes as a number, or a number with a suffix"
            + " k, M, G, T, P or E (for example 256M)",
      })
  void aRangeThatIsNoneIsRefused(String offset, String length, String sentence) {
    assertSays(sentence, () -> commands.persist("m0", offset, length));
  }

  @Test
  void aFailedPersistIsTold() throws Exception {
    block().breakDisk();

    assertThrows(CommandFailure.class, () -> commands.persist("m0"));
    assertTrue(commands.list().contains("m0      1M    failed"), commands.list());
  }

  @Test
  @DisplayName("words that are missing or too many, and unknown options: how it is written")
  void wrongArgumentsAreToldByEachCommand() {
    assertSays("x is one word too many: write ram:list", () -> commands.list("x"));
    assertSays("b is one word too many: write ram:show [ID]", () -> commands.show("a", "b"));
    assertSays("there is no option -v: write ram:show [ID]", () -> commands.show("-v", "m0"));
    assertSays("FILTER is missing: write ram:use ID FILTER", () -> commands.use("m0"));
    assertSays(
        "VALUE is missing: write ram:set ID PROPERTY VALUE", () -> commands.set("m0", "dump"));
    String persist = ": write ram:persist ID, or ram:persist ID OFFSET LENGTH";
    assertSays("ID is missing" + persist, commands::persist);
    assertSays("LENGTH is missing" + persist, () -> commands.persist("m0", "0"));
    assertSays("9 is one word too many" + persist, () -> commands.persist("m0", "0", "1", "9"));
  }

  @Test
  @DisplayName("what a terminal would obey is written as escapes; letters of any script stay")
  void controlCharactersAreShownAsEscapes() throws Exception {
    String raw = "\u001b[31m\u202e\u0085\u2028\ud800ж漢\n";
    String escaped = "\\u001b[31m\\u202e\\u0085\\u2028\\ud800ж漢\\u000a";
    assertSays(
        "there is no memory backend '" + escaped + "'; there are m0, pc.ram",
        () -> commands.show(raw));

    try (OpenMachine other =
        OpenMachine.of(
            "-object",
            "memory-backend-file,id=m1,size=1M,mem-path=/d/" + raw.replace("\ud800", ""))) {
      RamCommands others = new RamCommands(other.admin());
      for (String shown : List.of(others.list(), others.show("m1"))) {
        assertTrue(shown.contains("/d/" + escaped.replace("\\ud800", "")), shown);
        assertTrue(
            shown.lines().flatMapToInt(String::codePoints).noneMatch(Character::isISOControl),
            shown);
      }
    }
  }

  @Test
  void anUnknownBackendIsToldByEachCommand() {
    String sentence = "there is no memory backend 'm9'; there are m0, pc.ram";

    assertSays(sentence, () -> commands.show("m9"));
    assertSays(sentence, () -> commands.use("m9", "file"));
    assertSays(sentence, () -> commands.persist("m9"));
    assertSays(sentence, () -> commands.set("m9", "dump", "off"));
  }

  @Test
  void aFilterThatIsNoneIsRefused() {
    assertSays(
        "(x is not an OSGi filter: write one in quotes, such as '(backend.kind=file)'",
        () -> commands.use("m0", "(x"));
    assertSays(
        "an empty FILTER is none: write '*' for any allocator, a kind, such as file, or a filter,"
            + " such as '(backend.kind=file)'",
        () -> commands.use("m0", ""));
  }

  @Test
  void saysThatTheMachineHasEnded() {
    there.close();

    assertSays("the machine has ended", commands::list);
  }
}
