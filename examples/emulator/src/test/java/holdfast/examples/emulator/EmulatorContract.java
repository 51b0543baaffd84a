package holdfast.examples.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an emulator's example does, started as the README starts it. Files are on the build's disk.
 */
@Timeout(300)
abstract class EmulatorContract {
  private static final String COUNTED = "(\\d+) counted, durable at granularity .*";

  @TempDir Path folder;

  /** The word behind {@code run}. */
  abstract String engine();

  /** What {@code -machine} says. */
  abstract String board();

  /** Skips the tests, with a word, where guest code can't be run. */
  abstract void assumeEngine();

  @BeforeEach
  void makeTree() throws Exception {
    assumeEngine();
    EmulatorProcess.makeTree(folder);
  }

  @AfterEach
  void removeLinks() throws Exception {
    EmulatorProcess.removeLinks(folder);
  }

  private EmulatorProcess start(String image, String... more) throws Exception {
    String[] machine = {
      "-machine",
      board() + ",nvdimm=on",
      "-m",
      "16M,slots=2,maxmem=1G",
      "-object",
      "memory-backend-file,id=nv,mem-path=" + image + ",size=4M,share=on",
      "-device",
      "nvdimm,id=nv0,memdev=nv"
    };
    String[] options = new String[machine.length + more.length];
    System.arraycopy(machine, 0, options, 0, machine.length);
    System.arraycopy(more, 0, options, machine.length, more.length);
    return EmulatorProcess.start(folder, engine(), options);
  }

  @Test
  @DisplayName("killed while it counts, it counts on from what it told last, or above")
  void killed() throws Exception {
    long told = 0;
    for (int start = 0; start < 3; start++) {
      try (EmulatorProcess emulator = start("nv.img")) {
        long begins = emulator.awaitNumber("the counter begins at (\\d+)");
        assertTrue(begins >= told, begins + " after " + told);
        emulator.await(COUNTED);
        told = emulator.awaitNumber(COUNTED);
        assertTrue(told > begins);
        emulator.kill();
      }
    }
  }

  @Test
  @DisplayName("swapped to another file while it counts, the next start counts on in that one")
  void swapped() throws Exception {
    long last;
    try (EmulatorProcess emulator = start("nv.img")) {
      emulator.await(COUNTED);
      emulator.say("swap other.img");
      emulator.await("swap to other.img: done, .*");
      last = emulator.awaitNumber(COUNTED);
      emulator.say("quit");
      assertEquals(0, emulator.awaitEnd());
    }
    try (EmulatorProcess old = start("nv.img")) {
      old.await("emulator: .*other.img.*");
      assertEquals(1, old.awaitEnd());
    }
    try (EmulatorProcess next = start("other.img")) {
      assertTrue(next.awaitNumber("the counter begins at (\\d+)") >= last);
    }
  }

  @Test
  @DisplayName("migrated to another process while it counts, it counts on there")
  void migrated() throws Exception {
    try (EmulatorProcess source = start("nv.img");
        EmulatorProcess target = start("target.img", "-incoming", "unix:socket")) {
      source.await(COUNTED);
      Path socket = folder.resolve("socket");
      long end = System.nanoTime() + 60_000_000_000L;
      while (!Files.exists(socket) && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      source.say("migrate unix:socket");
      long left = source.awaitNumber("the guest has left for unix:socket at (\\d+)");
      assertTrue(target.awaitNumber(COUNTED) > left, "more than " + left);
      source.say("quit");
      assertEquals(0, source.awaitEnd());
      target.say("quit");
      assertEquals(0, target.awaitEnd());
    }
  }

  @Test
  @DisplayName("a mistake in the options is one sentence")
  void mistakes() throws Exception {
    try (EmulatorProcess emulator =
        EmulatorProcess.start(folder, engine(), "-m", "16M", "-device", "nvdimm,id=nv0")) {
      emulator.await("emulator: .*memdev.*");
      assertEquals(1, emulator.awaitEnd());
    }
    try (EmulatorProcess emulator =
        EmulatorProcess.start(folder, engine(), "-machine", board(), "-m", "16M")) {
      emulator.await("emulator: the guest needs an NVDIMM: .*");
      assertEquals(1, emulator.awaitEnd());
    }
  }
}
