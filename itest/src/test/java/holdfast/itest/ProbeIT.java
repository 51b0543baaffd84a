package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * What answers {@code -probe} without a framework says what the machine in the framework says: the
 * same on standard output, the same on standard error, the same exit status.
 */
@Timeout(180)
class ProbeIT {
  private static final String FILE = "memory-backend-file,mem-path=F,size=1M,id=";
  private static final List<String> NVDIMM =
      List.of("-machine", "pc,nvdimm=on", "-m", "16M,slots=2,maxmem=1G");

  @TempDir Path folder;

  /** What is asked, without {@code -probe json} before it. */
  static final List<List<String>> QUESTIONS =
      List.of(
          List.of(),
          with(NVDIMM),
          with(
              NVDIMM,
              "-object",
              FILE + "m,share=on,pmem=on",
              "-object",
              "memory-backend-ram,id=r,size=2M",
              "-device",
              "nvdimm,id=nv,memdev=m",
              "-device",
              "pc-dimm,memdev=r"),
          with(
              NVDIMM,
              "-object",
              FILE + "m,share=on,x-durability=off",
              "-device",
              "nvdimm,memdev=m"),
          with(NVDIMM, "-object", FILE + "m", "-device", "nvdimm,memdev=m,slot=1,addr=0x140000000"),
          List.of("-object", "memory-backend-memfd,id=d,size=4M,share=on,prealloc=on"),
          List.of("-M", "q35,memory-backend=m", "-object", FILE + "m,share=on"),
          List.of("-probe", "text", "-object", FILE + "m,share=on,merge=off,dump=off"),
          // what needs no machine
          List.of("-version"),
          List.of("-help"),
          List.of("-object", "help"),
          List.of("-object", "memory-backend-file,help"),
          List.of("-device", "nvdimm,help"),
          List.of("-machine", "help"),
          // mistakes in the arguments
          List.of("-probe", "xml"),
          List.of("-probes"),
          List.of("-object"),
          List.of("-object", "-probe"),
          List.of("-m", "-probe"),
          List.of("-object", FILE + "m,sice=2M"),
          List.of("-object", "memory-backend-file,id=m,size=1M"),
          List.of("-object", FILE + "m,share=perhaps"),
          List.of("-object", "memory-backend-ram,id=m,size=1Q"),
          List.of("-m", "16M,slots=2"),
          // mistakes that show only when the machine is made
          List.of("-object", FILE + "m", "-object", FILE + "m"),
          List.of("-object", FILE + "m,share=on", "-object", FILE + "n,share=on"),
          List.of("-object", FILE + "pc.ram"),
          List.of("-object", FILE + "m,share=on,pmem=on,x-durability=require"),
          List.of("-object", "memory-backend-file,id=m,size=2M,mem-path=full"),
          List.of("-object", "memory-backend-file,id=m,size=1M,mem-path=there/is/none"),
          List.of("-object", "memory-backend-file,id=m,size=1M,mem-path=."),
          List.of("-object", "memory-backend-file,id=m,size=1M,mem-path=link"),
          List.of("-object", "memory-backend-ram,id=m,size=1M,host-nodes=1023,policy=bind"),
          List.of("-m", "1M,slots=1,maxmem=1G", "-device", "pc-dimm,memdev=nobody"),
          with(NVDIMM, "-device", "nvdimm,id=a\u0007,memdev=m"),
          with(NVDIMM, "-object", FILE + "m,size=256K", "-device", "nvdimm,memdev=m,label-size=1M"),
          List.of("-m", "1M", "-object", FILE + "m", "-device", "nvdimm,memdev=m"),
          with(
              NVDIMM,
              "-object",
              FILE + "m",
              "-device",
              "pc-dimm,memdev=m",
              "-device",
              "pc-dimm,memdev=m"));

  private static List<String> with(List<String> first, String... more) {
    return Stream.concat(first.stream(), Stream.of(more)).toList();
  }

  @BeforeEach
  void prepare() throws IOException {
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("F"));
    try (RandomAccessFile full = new RandomAccessFile(folder.resolve("full").toFile(), "rw")) {
      full.setLength(1 << 20);
    }
  }

  @ParameterizedTest
  @FieldSource("QUESTIONS")
  void answersAsTheMachineDoes(List<String> question) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("-probe", "json"));
    arguments.addAll(question);

    Holdfast.Ended machine = Holdfast.run(folder, arguments.toArray(String[]::new));
    List<Path> after = left();
    Files.deleteIfExists(folder.resolve("F"));
    Holdfast.Ended probe = probe(arguments);

    assertEquals(withoutAddresses(machine), withoutAddresses(probe));
    assertEquals(after, left());
  }

  /** Where the kernel put it differs each time. */
  private static Holdfast.Ended withoutAddresses(Holdfast.Ended ended) {
    return new Holdfast.Ended(
        ended.status(),
        ended.out().replaceAll("(host address +)0x\\p{XDigit}+", "$1"),
        ended.err());
  }

  private List<Path> left() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private Holdfast.Ended probe(List<String> arguments) throws IOException, InterruptedException {
    Path jar = Holdfast.jar().resolveSibling("holdfast-probe.jar");
    Path library = jar.resolveSibling("probe").resolve("native");
    try (Holdfast probe =
        Holdfast.startCommand(
            Holdfast.command(
                jar,
                List.of("-Djna.boot.library.path=" + library, "-Djna.platform.library.path="),
                arguments),
            folder)) {
      return probe.awaitEnd();
    }
  }

  @Test
  @DisplayName("the script keeps C2, without which the JDK's cache flush ends the JVM")
  void theCompilerStays() throws IOException {
    Path script = Holdfast.jar().getParent().resolve("../../holdfast");

    assertFalse(
        Pattern.compile("-Xint|TieredStopAtLevel|-XX:-TieredCompilation|CompilationMode")
            .matcher(Files.readString(script))
            .find());
  }

  @Test
  void letsGoOfTheFile() throws IOException, InterruptedException {
    List<String> once = List.of("-probe", "json", "-object", FILE + "m,share=on");
    assertEquals(0, probe(once).status());
    assertEquals(0, probe(once).status());
  }
}
