package holdfast.machine.nvdimm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.RegionState;
import holdfast.machine.core.Holdfast;
import holdfast.machine.nvdimm.labels.DsmPage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file that is truncated under a machine. */
@Timeout(120)
class LostLabelTest {
  private static final int MANY = 15_000;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "a label whose file was truncated is answered as a hardware error, each time, compiled or not; where there is a disk its region has failed")
  void truncated(boolean disk) throws Exception {
    Path folder = disk ? Storage.disk().newFolder() : Storage.tmpfs().newFolder();
    try (Holdfast machine =
            new NvdimmMachine().file(folder.resolve("nv"), "label-size=128K").open();
        NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
      DsmPage page = new DsmPage(dsm);
      for (int round = 0; round < (disk ? 100 : MANY); round++) {
        assertEquals(0, page.ask(1, 1, 5, round, 64));
        assertEquals(0, page.ask(1, 1, 6, round, 64));
      }
      truncate(folder.resolve("nv"));
      for (int round = 0; round < MANY; round++) {
        assertEquals(4, page.ask(1, 1, 5, round, 64));
        assertEquals(8, page.at(0));
        assertEquals(4, page.ask(1, 1, 6, round, 64));
        assertEquals(LabelStatus.HARDWARE_ERROR, dsm.methods().lsr(0, round, 64).status());
      }
      assertEquals(0, page.ask(1, 1, 4), "its size is known all the same");
      if (disk) {
        assertEquals(RegionState.FAILED, machine.region("m0").orElseThrow().state());
      }
    } finally {
      Storage.remove(folder);
    }
  }

  @Test
  @DisplayName("a shared page that is lost has no answer, and ends neither the caller nor the JVM")
  void thePageIsLost() throws Exception {
    Path folder = Storage.tmpfs().newFolder();
    try (Holdfast machine =
            Holdfast.open(
                "-machine",
                "pc,nvdimm=on,memory-backend=ram",
                "-m",
                "16M",
                "-object",
                "memory-backend-file,id=ram,share=on,size=16M,mem-path=" + folder.resolve("ram"));
        NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
      GuestAddress address = new GuestAddress(0x5000);
      DsmPage page = new DsmPage(dsm, machine.memory().segment(address, new ByteSize(4096)));
      for (int round = 0; round < MANY; round++) {
        assertEquals(2, page.ask(1, 1, 4));
      }
      truncate(folder.resolve("ram"));
      for (int round = 0; round < MANY; round++) {
        assertFalse(dsm.answer(page.page()));
        assertFalse(dsm.answer(address));
      }
    } finally {
      Storage.remove(folder);
    }
  }

  @Test
  @DisplayName("the same in a JVM that interprets everything, which goes on")
  void interpreted() throws Exception {
    Path folder = Storage.tmpfs().newFolder();
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xint",
            "-XX:-UsePerfData",
            "-XX:ErrorFile=/dev/null",
            "--enable-native-access=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Interpreted.class.getName(),
            folder.resolve("nv").toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertTrue(said.contains("told 100 times"), said);
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue());
    } finally {
      process.destroyForcibly();
      Storage.remove(folder);
    }
  }

  /** The JVM that interprets everything. */
  static final class Interpreted {
    public static void main(String[] arguments) throws Exception {
      Path file = Path.of(arguments[0]);
      try (Holdfast machine = new NvdimmMachine().file(file, "label-size=128K").open();
          NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
        truncate(file);
        DsmPage page = new DsmPage(dsm);
        int told = 0;
        for (int round = 0; round < 50; round++) {
          told += page.ask(1, 1, 5, round, 64) == 4 ? 1 : 0;
          told += page.ask(1, 1, 6, round, 64) == 4 ? 1 : 0;
        }
        System.out.println("told " + told + " times");
      }
    }
  }

  private static void truncate(Path path) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      file.truncate(0);
    }
  }
}
