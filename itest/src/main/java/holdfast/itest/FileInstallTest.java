package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * An operator with a folder of {@code .cfg} files, Felix File Install and a log: what is written,
 * changed and removed there, with mistakes, and the lines that tell of it. On a disk.
 */
class FileInstallTest extends LiveMachineTest {
  private static final String MACHINE = "holdfast.machine.cfg";
  private static final String NV1 = "holdfast.memory.backend.file-nv1.cfg";
  private static final String DEVICE = "holdfast.nvdimm-dev1.cfg";
  private static final String NV1_PID = "holdfast.memory.backend.file~nv1";

  private Path etc;
  private Path log;
  private int logged;
  private final Map<String, List<String>> written = new LinkedHashMap<>();
  private long insistAfter;

  @BeforeEach
  void watch() throws IOException {
    etc = Files.createDirectories(Path.of(context.getProperty("felix.fileinstall.dir")));
    log = Path.of(context.getProperty("holdfast.test.disk"), "itest.log");
    logged = lines().size();
  }

  @AfterEach
  void removeAll() throws IOException {
    for (Path file : files(etc)) {
      Files.delete(file);
    }
    Await.until("gone", () -> machine.run("ram:list"), t -> t.contains("no machine is configured"));
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private List<String> lines() {
    try {
      return Files.readAllLines(log, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for one line of this level with these words, and that no trace follows it. */
  private String awaitLine(String level, String... words) {
    return Await.until(
        level + " with " + List.of(words),
        () -> {
          insist();
          return lines().stream()
              .skip(logged)
              .filter(line -> line.contains("] " + level + " "))
              .filter(line -> Stream.of(words).allMatch(line::contains))
              .findFirst()
              .orElse(null);
        },
        Objects::nonNull);
  }

  /** What was logged so far is old. */
  private void readUp() {
    List<String> all = lines();
    assertEquals(
        List.of(),
        all.stream()
            .skip(logged)
            .filter(line -> line.startsWith("\tat ") || line.contains("Exception"))
            .toList(),
        "nothing is told by a trace");
    logged = all.size();
  }

  private void write(String name, String... properties) throws IOException {
    written.put(name, List.of(properties));
    insistAfter = System.nanoTime() + 2_000_000_000L;
    replace(name, written.get(name));
  }

  private void replace(String name, List<String> lines) throws IOException {
    // as a whole: File Install reads what is there
    Path whole = machine.folder().resolve(name);
    Files.write(whole, lines, StandardCharsets.UTF_8);
    Files.move(
        whole,
        etc.resolve(name),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Writes again what was written last, as an operator would: File Install takes a file for its own
   * if it was changed while File Install was writing it back.
   */
  private void insist() {
    if (System.nanoTime() - insistAfter < 0) {
      return;
    }
    insistAfter = System.nanoTime() + 2_000_000_000L;
    Map.copyOf(written)
        .forEach(
            (name, lines) -> {
              try {
                List<String> again = new ArrayList<>(lines);
                again.add("# " + insistAfter);
                if (Files.exists(etc.resolve(name))) {
                  replace(name, again);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private void writeMachine(String... more) throws IOException {
    write(
        MACHINE,
        Stream.concat(
                Stream.of(
                    "nvdimm = on",
                    "size = 8M",
                    "slots = 2",
                    "maxmem = 1G",
                    "objects = nv1",
                    "devices = dev1"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private Path image() {
    return machine.folder().resolve("nv1.img");
  }

  private void writeBackend(String... more) throws IOException {
    write(
        NV1,
        Stream.concat(
                Stream.of(
                    "# mine", "id = nv1", "size = 4M", "share = yes", "mem-path = " + image()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private void writeDevice(String... more) throws IOException {
    write(
        DEVICE,
        Stream.concat(Stream.of("id = dev1", "memdev = nv1"), Stream.of(more))
            .toArray(String[]::new));
  }

  private void comeUp() throws IOException {
    writeDevice();
    writeBackend();
    writeMachine();
    machine.awaitUp();
    awaitLine("INFO", "the machine is up: memory backends nv1, pc.ram; guest memory ");
    readUp();
    written.clear();
  }

  @Test
  @DisplayName(
      "what is waited for, each mistake and that it is up: a line each, in words of files and without"
          + " a trace")
  void eachStepIsALine() throws IOException {
    writeMachine();
    writeDevice();
    awaitLine(
        "WARN",
        "the machine is not up yet: "
            + etc.resolve(MACHINE)
            + " lists memory backend 'nv1', which has no configuration: write "
            + etc.resolve(NV1)
            + ", or take nv1 out of objects");
    readUp();

    writeBackend("size = 12X");
    String line = awaitLine("WARN", "the machine is not up: " + etc.resolve(NV1) + ": size=12X");
    assertFalse(line.contains("-object"), line);
    readUp();

    writeBackend("mem-path = ''");
    awaitLine("WARN", etc.resolve(NV1) + ": mem-path='' is in quotes");
    writeBackend("mem-path = " + image() + "/");
    awaitLine("WARN", etc.resolve(NV1) + ": memory-backend-file 'nv1': mem-path=" + image() + "/ ");
    writeBackend("colour = red");
    awaitLine("WARN", etc.resolve(NV1) + ": there is no property colour");
    writeBackend("id = nv2");
    line =
        awaitLine(
            "WARN",
            "the machine is not up: " + etc.resolve(DEVICE) + ": ",
            "memdev=nv1 names no memory backend",
            "list its name in objects");
    assertFalse(line.contains("-object"), line);
    writeMachine("type = vax");
    awaitLine("WARN", etc.resolve(MACHINE) + ": type=vax is not among the choices");
    readUp();

    writeMachine();
    writeBackend();
    awaitLine("INFO", "the machine is up: memory backends nv1, pc.ram");
    machine.awaitUp();
    readUp();
  }

  @Test
  @DisplayName("blanks at the ends of values make no second file; an empty value is left out")
  void blanksAreNoPartOfAValue() throws IOException {
    writeDevice("label-size = ", "uuid =", "slot =\t");
    writeBackend(
        "mem-path = " + image() + "  ", "merge = ", "host-nodes =", "prealloc = off ", "align =");
    writeMachine("objects = nv1 ", "memory-backend =", "type =  ");
    machine.awaitUp();
    TreeSet<String> names = new TreeSet<>();
    files(machine.folder()).forEach(file -> names.add(file.getFileName().toString()));
    assertEquals(new TreeSet<>(List.of("nv1.img")), names);
  }

  @Test
  @DisplayName("a mistake in any configuration of a machine that is up is told at once")
  void mistakesOfTheMachineThatIsUp() throws IOException {
    comeUp();
    writeBackend("align = 3X");
    awaitLine("WARN", etc.resolve(NV1) + ": align=3X", "can't come up again like this");
    writeBackend("size = 2M");
    awaitLine(
        "WARN",
        etc.resolve(NV1)
            + ": size of memory backend 'nv1' can't be changed while it is in use: its",
        "what is configured now holds from the machine's next start on");
    writeBackend("size = 8M");
    awaitLine("WARN", "its size is 4M and can't become 8M", "can't come up again like this");
    writeBackend();
    awaitLine("INFO", etc.resolve(NV1) + " is followed again: what it says is in force");
    writeDevice("slot = first");
    awaitLine("WARN", etc.resolve(DEVICE) + ": slot=first", "device 'dev1' stays as it is");
    writeDevice("slot = 1");
    awaitLine("WARN", "device 'dev1': " + etc.resolve(DEVICE) + " changed");
    writeDevice();
    awaitLine("INFO", etc.resolve(DEVICE) + " is followed again");
    writeMachine("slots = many");
    awaitLine("WARN", etc.resolve(MACHINE) + ": slots=many", "what is up stays as it is");
    writeMachine("maxmem = 1M");
    awaitLine(
        "WARN",
        etc.resolve(MACHINE) + ": the machine's maxmem=1M is below",
        "what is up stays as it is");
    writeMachine("objects = nv1, nv9");
    awaitLine("WARN", "memory backend 'nv9', which has no", "what is up goes on without it");
    writeMachine("size = 16M");
    awaitLine("WARN", etc.resolve(MACHINE) + ": the change of the machine itself takes effect");
    writeMachine();
    awaitLine("INFO", etc.resolve(MACHINE) + " is followed again");
    readUp();
  }

  @Test
  @DisplayName("there is one machine: a configuration of a second one gets a sentence")
  void aSecondMachine() throws IOException {
    comeUp();
    write("holdfast.machine-two.cfg", "size = 1M");
    awaitLine(
        "WARN", etc.resolve("holdfast.machine-two.cfg") + " is not used", "there is one machine");
    write("holdfast.nvdimm.cfg", "memdev = nv1");
    awaitLine("WARN", etc.resolve("holdfast.nvdimm.cfg") + " is not used", "it has no name");
    readUp();
    assertTrue(machine.run("ram:list").contains("ADDRESS "));
  }

  @Test
  @DisplayName(
      "a file that goes is told; what is set meanwhile holds until the machine ends; and it comes"
          + " again with its file")
  void aFileGoesAndComesAgain() throws IOException {
    comeUp();
    Files.delete(etc.resolve(NV1));
    awaitLine("WARN", "memory backend 'nv1': " + etc.resolve(NV1) + " is gone");
    assertEquals("attached to allocator file", machine.state("nv1"));
    String set = machine.run("ram:set nv1 dump off");
    assertTrue(set.contains("nv1': dump=off, until the machine ends, since "), set);
    assertTrue(set.endsWith("is gone"), set);
    String use = machine.run("ram:use nv1 file");
    assertTrue(use.contains("this holds until the machine ends, since "), use);
    Files.delete(etc.resolve(DEVICE));
    awaitLine("INFO", "device 'dev1' is unplugged: " + etc.resolve(DEVICE) + " is gone; take it");
    awaitLine("INFO", "memory backend 'nv1' is removed");

    Files.delete(etc.resolve(MACHINE));
    machine.awaitReason("no machine is configured");
    awaitLine("INFO", "the machine ends: configuration holdfast.machine is gone");
    writeMachine();
    awaitLine("WARN", "the machine is not up yet", "'nv1', which has no ", "device 'dev1'");
    readUp();
    writeBackend();
    writeDevice();
    awaitLine("INFO", "the machine is up");
    machine.awaitUp();
    assertTrue(machine.run("ram:set nv1 dump off").endsWith("dump=off"));
    Await.until("written back", this::backendFile, text -> text.contains("dump = off"));
  }

  @Test
  @DisplayName("files that come and go plug and unplug while the machine is up")
  void filesPlugAndUnplug() throws IOException {
    comeUp();
    String all = machine.run("ram:list");
    Files.delete(etc.resolve(DEVICE));
    Files.delete(etc.resolve(NV1));
    awaitLine("INFO", "memory backend 'nv1' is removed");
    assertFalse(machine.run("ram:list").contains("nv1"));

    writeBackend();
    writeDevice();
    awaitLine("INFO", "nvdimm 'dev1' at ", " was plugged");
    assertEquals(
        all.lines().sorted().toList(),
        machine.run("ram:list").lines().sorted().toList(),
        "each is where it was");
  }

  @Test
  @DisplayName("commands that plug and unplug write the files, or take them away")
  void commandsWriteFiles() throws IOException {
    comeUp();
    assertEquals(
        "device 'dev1' was unplugged, and " + etc.resolve(DEVICE) + " is deleted",
        machine.run("ram:device_del dev1"));
    assertEquals(
        "memory backend 'nv1' was removed, and " + etc.resolve(NV1) + " is deleted",
        machine.run("ram:object_del nv1"));
    Await.until("deleted", () -> Files.exists(etc.resolve(NV1)), exists -> !exists);
    Await.until("deleted", () -> Files.exists(etc.resolve(DEVICE)), exists -> !exists);
    assertEquals(
        "memory backend 'more' was added",
        machine.run("ram:object_add memory-backend-ram,id=more,size=1M"));
    Await.until("written back", this::machineFile, text -> text.contains("more"));
    assertFalse(machineFile().contains("nv1"), machineFile());
  }

  private String machineFile() {
    try {
      return Files.readString(etc.resolve(MACHINE));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String backendFile() {
    try {
      return Files.readString(etc.resolve(NV1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @DisplayName("a swap changes the line of the file that has to change, and no other")
  void aSwapChangesOneLine() throws IOException {
    comeUp();
    String before = backendFile();
    Path other = machine.folder().resolve("other.img");
    String answer = machine.run("ram:swap nv1 mem-path=" + other);
    assertTrue(answer.contains("done"), answer);
    String expected = before.replace(image().toString(), other.toString()).strip();
    Await.until("written back", () -> backendFile().strip(), expected::equals);

    writeBackend("mem-path = " + machine.folder().resolve("third.img") + " ");
    Await.until(
        "swapped",
        () -> {
          insist();
          return machine.run("ram:show nv1");
        },
        shown -> shown.contains(machine.folder().resolve("third.img").toString()));
    assertFalse(Files.exists(machine.folder().resolve("third.img ")));
    assertEquals("yes", machine.configured(NV1_PID).get("share"));
    readUp();
  }
}
