package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The built jar as an operator meets it: exit status, standard output, standard error, what is left
 * behind. On files of the build's disk, which has no DAX.
 */
class CommandLineIT {
  private static final List<String> MACHINE =
      List.of("-machine", "pc,nvdimm=on", "-m", "128M,slots=2,maxmem=4G");
  private static final String WARNING = "failed to validate with mapping flags: ";

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
  }

  /** The options of the MAP_SYNC series, with a bare {@code share} as there. */
  private Holdfast.Ended probeSeries(String pmem, String share)
      throws IOException, InterruptedException {
    return probe(
        "-object",
        "memory-backend-file,id=nv_be4,share,mem-path=F,size=256M,align=128M,pmem="
            + pmem
            + ",share="
            + share,
        "-device",
        "nvdimm,id=nv4,memdev=nv_be4,label-size=2M");
  }

  private Holdfast.Ended probe(String... more) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("-probe", "json"));
    all.addAll(MACHINE);
    all.addAll(List.of(more));
    return Holdfast.run(folder, all.toArray(String[]::new));
  }

  @Test
  @DisplayName("case 1b: a warning as in the series, page granularity with its reason, exit 0")
  void regularFile() throws IOException, InterruptedException {
    Holdfast.Ended ended = probeSeries("on", "on");

    assertEquals(0, ended.status());
    assertEquals(1, ended.err().size(), ended.err()::toString);
    String warning = ended.err().getFirst();
    assertTrue(warning.startsWith("holdfast: warning: "), warning);
    assertTrue(warning.contains(WARNING + "Operation not supported"), warning);
    assertTrue(warning.contains("nv_be4") && warning.contains("on F"), warning);
    assertTrue(warning.contains("may be corrupt"), warning);

    Map<?, ?> backend = only(ended, "backends");
    assertEquals("nv_be4", backend.get("id"));
    assertEquals("memory-backend-file", backend.get("type"));
    assertEquals(List.of("RAM_SHARED", "RAM_PMEM"), backend.get("requested"));
    assertEquals(List.of("RAM_SHARED", "RAM_PMEM"), backend.get("obtained"));
    assertEquals(256 << 20, backend.get("size"));
    assertEquals(128 << 20, backend.get("align"));
    assertEquals("dax", backend.get("allocator"));
    assertEquals("attached", backend.get("state"));
    Map<?, ?> granularity = (Map<?, ?>) backend.get("granularity");
    assertEquals("cache-line", granularity.get("requested"));
    assertEquals("page", granularity.get("obtained"));
    assertTrue(granularity.get("reason").toString().contains("EOPNOTSUPP"));
    Map<?, ?> evidence = (Map<?, ?>) backend.get("evidence");
    assertEquals("MAP_SHARED_VALIDATE|MAP_SYNC: EOPNOTSUPP", evidence.get("mmap"));
    assertFalse(List.of(evidence.get("vmflags").toString().split(" ")).contains("sf"));

    Map<?, ?> device = only(ended, "devices");
    assertEquals("nv4", device.get("id"));
    assertEquals("nvdimm", device.get("driver"));
    assertEquals("nv_be4", device.get("memdev"));
    assertEquals(4L << 30, ((Number) device.get("addr")).longValue());
    assertEquals(128 << 20, device.get("size"));
    assertEquals(2 << 20, device.get("label-size"));
    assertEquals(0, device.get("slot"));
    assertEquals(false, device.get("unarmed"));
  }

  @ParameterizedTest
  @CsvSource({"off,on,page", "on,off,none", "off,off,none"})
  @DisplayName("case 2: any other combination never asks for MAP_SYNC and says nothing")
  void otherCombinations(String pmem, String share, String granularity)
      throws IOException, InterruptedException {
    Holdfast.Ended ended = probeSeries(pmem, share);

    assertEquals(0, ended.status());
    assertEquals(List.of(), ended.err());
    Map<?, ?> backend = only(ended, "backends");
    assertEquals(granularity, ((Map<?, ?>) backend.get("granularity")).get("obtained"));
    assertFalse(((Map<?, ?>) backend.get("evidence")).get("mmap").toString().contains("SYNC"));
  }

  private static Map<?, ?> only(Holdfast.Ended ended, String key) throws IOException {
    Map<String, Object> json = ended.json();
    assertEquals(List.of("backends", "devices"), List.copyOf(json.keySet()));
    List<?> list = (List<?>) json.get(key);
    assertEquals(1, list.size());
    return (Map<?, ?>) list.getFirst();
  }

  /** An input, and words that its one sentence must have. */
  static Stream<List<String>> refused() {
    String file = "memory-backend-file,id=m,mem-path=F,size=";
    return Stream.of(
        List.of("-object " + file + "1000", "'m'", "F", "4K"),
        List.of("-object " + file + "0", "'m'", "size"),
        List.of("-object " + file + "12Q", "12Q", "suffix"),
        List.of("-object " + file + "8E", "8E", "too large"),
        List.of("-object " + file + "-1", "-1"),
        List.of("-object " + file + "900T", "'m'", "F", "900T"),
        List.of("-object " + file + "1M,align=3000", "align=3000", "power of two"),
        List.of("-object " + file + "1M,align=512", "align=512", "4K"),
        List.of("-object " + file + "1M,pmme=on", "pmme", "pmem"),
        List.of("-object " + file + "1M,share=maybe", "share=maybe", "on"),
        List.of("-object memory-backend-file,id=m,size=1M", "mem-path"),
        List.of("-object memory-backend-file,mem-path=F,size=1M", "id"),
        List.of("-object memory-backend-file,id=1m,mem-path=F,size=1M", "1m", "letter"),
        List.of("-object memory-backend-fil,id=m", "memory-backend-file"),
        List.of("-object " + file + "1M -object " + file + "1M", "taken"),
        List.of("-object memory-backend-file,id=m,mem-path=no/F,size=1M", "no/F", "folder"),
        List.of("-object memory-backend-file,id=m,mem-path=/dev/null,size=1M", "/dev/null"),
        List.of("-object " + file + "1M,readonly=on", "F", "ENOENT"),
        List.of("-object " + file + "4M,pmem=on,share=on,x-durability=require", "page"),
        List.of("-device nvdimm,memdev=none", "none", "memory backend"),
        List.of("-object " + file + "1M -device nvdimm,id=n,memdev=m,label-size=64K", "128K"),
        List.of("-object " + file + "2M -device nvdimm,id=n,memdev=m,label-size=2M", "2M"),
        List.of("-object " + file + "1M -device nvdimm,memdev=m,slot=9", "slot"),
        List.of("-object " + file + "1M -device nvdimm,memdev=m,addr=0x100000001", "0x100000001"),
        List.of("-object " + file + "1M -device nvdimm,memdev=m -device pc-dimm,memdev=m", "'m'"),
        List.of("-machine pc,nvdimm", "nvdimm"),
        List.of("-machine sparc", "sparc"),
        List.of("-m 64M,maxmem=32M", "maxmem"),
        List.of("-probe xml", "xml", "json"),
        List.of("-objekt x", "-objekt"),
        List.of("-object", "-object", "value"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  @DisplayName("a refused input: one sentence, exit 1, no stack trace, nothing left behind")
  void refusedInput(List<String> inputAndWords) throws IOException, InterruptedException {
    List<String> input = List.of(inputAndWords.getFirst().split(" "));
    List<String> arguments = new ArrayList<>();
    if (input.stream().noneMatch(a -> a.equals("-m") || a.equals("-machine"))) {
      arguments.addAll(MACHINE);
    }
    arguments.addAll(input);
    if (!input.getFirst().equals("-probe") && !input.equals(List.of("-object"))) {
      arguments.addFirst("-probe");
    }

    Holdfast.Ended ended = Holdfast.run(folder, arguments.toArray(String[]::new));

    String sentence = ended.refusal();
    for (String word : inputAndWords.subList(1, inputAndWords.size())) {
      assertTrue(sentence.contains(word), () -> "'" + word + "' is not in: " + sentence);
    }
    assertFolderIsEmpty();
  }

  private void assertFolderIsEmpty() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  @DisplayName("all objects and devices are up, or none is: files made for the others are gone too")
  void allOrNone() throws IOException, InterruptedException {
    Holdfast.Ended ended =
        probe(
            "-object",
            "memory-backend-file,id=good,mem-path=G,size=4M,share=on",
            "-object",
            "memory-backend-file,id=bad,mem-path=no/F,size=4M,share=on");

    assertEquals(1, ended.status());
    assertFolderIsEmpty();
  }

  @Test
  @DisplayName("a file that holds bytes is refused or mapped, and never changed by that")
  void existingFile() throws IOException, InterruptedException {
    byte[] bytes = new byte[1 << 20];
    bytes[4711] = 42;
    Path file = Files.write(folder.resolve("F"), bytes);

    Holdfast.Ended tooSmall =
        probe("-object", "memory-backend-file,id=m,mem-path=F,size=2M,share=on");
    Holdfast.Ended mapped =
        probe("-object", "memory-backend-file,id=m,mem-path=F,size=512K,share=on");

    assertEquals(1, tooSmall.status());
    assertTrue(tooSmall.err().getFirst().contains("1M"), tooSmall.err()::toString);
    assertEquals(0, mapped.status());
    assertEquals(-1, Files.mismatch(file, Files.write(scratch.resolve("same"), bytes)));
  }

  @Test
  @DisplayName("a machine serves until SIGTERM; meanwhile nobody else can write its file")
  void servesUntilTerminated() throws IOException, InterruptedException {
    String object = "memory-backend-file,id=m,mem-path=F,size=4M,share=on";
    try (Holdfast first = Holdfast.start(folder, List.of("-object", object))) {
      first.awaitMapped(folder.resolve("F"));

      Holdfast.Ended second = probe("-object", object);
      assertEquals(1, second.status());
      assertTrue(second.err().getFirst().contains("locked"), second.err()::toString);

      first.terminate();
      Holdfast.Ended ended = first.awaitEnd();
      assertEquals(128 + 15, ended.status());
      assertEquals("", ended.out());
      assertEquals(List.of(), ended.err());
    }
    assertEquals(0, probe("-object", object).status());
  }

  @Test
  @DisplayName("after kill -9 the file is free and the machine starts again")
  void startsAgainAfterKill() throws IOException, InterruptedException {
    String object = "memory-backend-file,id=m,mem-path=F,size=4M,share=on";
    try (Holdfast first = Holdfast.start(folder, List.of("-object", object))) {
      first.awaitMapped(folder.resolve("F"));
      first.kill();
    }
    assertEquals(0, probe("-object", object).status());
  }

  @Test
  @DisplayName("help names every option and property, and goes to standard output")
  void help() throws IOException, InterruptedException {
    assertTrue(Holdfast.run(folder, "-help").out().contains("-object"));
    assertTrue(Holdfast.run(folder).out().contains("usage: holdfast"));
    assertTrue(Holdfast.run(folder, "-version").out().startsWith("holdfast 0."));
    String types = Holdfast.run(folder, "-object", "help").out();
    assertTrue(types.contains("memory-backend-file"), types);
    String properties = Holdfast.run(folder, "-object", "memory-backend-file,help").out();
    for (String name :
        List.of("id", "size", "mem-path", "share", "align", "pmem", "readonly", "prealloc")) {
      assertTrue(properties.contains(name + "="), properties);
    }
    assertTrue(Holdfast.run(folder, "-device", "nvdimm,?").out().contains("label-size="));
  }
}
