package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * A machine that an operator has changed is written out as files, ends, and comes up from them by
 * Felix File Install as it was.
 */
class ConfigurationFilesRoundTripTest extends LiveMachineTest {
  private static final long VALUE = 0x0123_4567_89AB_CDEFL;

  private Path etc;

  @BeforeEach
  void find() throws IOException {
    etc = Files.createDirectories(Path.of(context.getProperty("felix.fileinstall.dir")));
  }

  @AfterEach
  void removeFiles() throws IOException {
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

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    for (Path file : files(folder)) {
      contents.put(file.getFileName().toString(), Files.readString(file));
    }
    return contents;
  }

  /** Ends the machine, and starts one from files. */
  private GuestMemory startFrom(Path folder) throws IOException {
    machine.takeDown();
    for (Path file : files(folder)) {
      Files.copy(file, etc.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
    }
    return machine.awaitUp();
  }

  /** Runs a command that has to be done. */
  private void change(String command, String part) {
    String said = machine.run(command);
    assertTrue(said.contains(part), said);
  }

  /** At a start the base RAM that no option names comes last; what was added later, after it. */
  private static List<String> sorted(String text) {
    return text.lines().sorted().toList();
  }

  private Path written(String name) {
    Path folder = machine.folder().resolve(name);
    change("ram:options -files " + folder, "holdfast.machine.cfg");
    return folder;
  }

  @Test
  @DisplayName("objects added, devices plugged and unplugged, a property set, a swap, an allocator")
  void comesUpAsItWas() throws IOException {
    machine.bringUp();
    Path odd = machine.folder().resolve("${x} {ö}\\#=, y.img");
    change(
        "ram:object_add 'memory-backend-file,id=odd,size=2M,share=on,mem-path="
            + odd.toString().replace(",", ",,")
            + "'",
        "'odd' was added");
    change("ram:device_add pc-dimm,id=more,memdev=odd", "'more' was plugged");
    change("ram:device_del dimm1", "'dimm1' was unplugged");
    change("ram:object_del anonymous", "'anonymous' was removed");
    change("ram:set odd dump off", "");
    change("ram:use shared file", "(backend.kind=file)");
    Path moved = machine.folder().resolve("moved.img");
    change("ram:swap shared mem-path=" + moved, "moved.img");
    GuestMemory memory = machine.guestMemory().orElseThrow();
    GuestAddress address = machine.device("nvdimm0").address();
    memory.setLong(address, VALUE, ByteOrder.LITTLE_ENDIAN);
    String options = machine.run("ram:options");
    List<String> list = sorted(machine.run("ram:list"));
    assertTrue(options.contains("dump=off") && options.contains("moved.img"), options);
    assertTrue(Files.exists(odd));

    Path folder = written("files");
    Map<String, String> contents = contents(folder);
    memory = startFrom(folder);

    assertEquals(options, machine.run("ram:options"));
    assertEquals(list, sorted(machine.run("ram:list")));
    assertEquals(contents, contents(written("again")));
    assertEquals(contents, contents(etc), "File Install leaves them as they are");
    assertTrue(machine.run("ram:show shared").contains("(backend.kind=file)"));
    assertEquals(address, machine.device("nvdimm0").address());
    assertEquals(VALUE, memory.getLong(address, ByteOrder.LITTLE_ENDIAN), "its file is the same");
  }

  @Test
  @DisplayName("a device without an id, whose file has a name that no id can be")
  void withoutAnId() throws IOException {
    machine.bringUp();
    change("ram:object_add memory-backend-ram,id=third,size=2M", "'third' was added");
    change("ram:device_add pc-dimm,memdev=third", "was plugged");
    String options = machine.run("ram:options");

    Path folder = written("files");
    assertTrue(Files.exists(folder.resolve("holdfast.pc.dimm-pc-dimm[3].cfg")));
    startFrom(folder);

    assertEquals(options, machine.run("ram:options"));
  }
}
