package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;

/**
 * Regions move to other backings under a guest at work, which is a registered writer: by the shell,
 * by a change of configuration, by the service; every byte is as the guest left it. On files of the
 * build's disk.
 */
class LiveSwapTest extends LiveMachineTest {
  private static final BackendId SHARED = new BackendId("shared");
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private GuestMemory memory;
  private MemorySegment segment;
  private GuestLoad load;
  private ServiceRegistration<GuestWriter> writer;

  @BeforeEach
  void startGuest() {
    memory = machine.bringUp();
    segment = machine.region("shared").segment();
    load = GuestLoad.on(memory);
    writer = context.registerService(GuestWriter.class, load, null);
  }

  @AfterEach
  void endGuest() {
    writer.unregister();
    load.close();
  }

  private Path other() {
    return machine.folder().resolve("other.img");
  }

  private LiveSwap swaps() {
    ServiceReference<LiveSwap> reference = context.getServiceReference(LiveSwap.class);
    return context.getService(reference);
  }

  /** The guest goes on, at the same addresses; in the end every byte is there and in the file. */
  private void everyByteIsIn(Path file) {
    load.awaitProgress();
    assertSame(segment, machine.region("shared").segment());
    load.stop();
    load.checkMemory();
    load.checkFile("nvdimm0", file);
  }

  @Test
  @DisplayName("ram:swap to another file: the guest goes on, and the old file is refused at start")
  void toAnotherFile() throws BundleException {
    load.persisting(2);
    // On a disk where one persist takes longer than a pause waits for it, the swap goes back, and
    // says so; an operator then asks again.
    String answer =
        Await.until(
            "swapped while others persist",
            () -> machine.run("ram:swap shared mem-path=" + other() + " -verify"),
            told -> !told.contains("a persist of it did not end within"));
    assertTrue(answer.contains("done"), answer);
    assertTrue(machine.run("ram:swaps shared").contains("done"));
    assertTrue(machine.run("ram:show shared").contains(other().toString()));
    assertEquals(other().toString(), machine.configured(MachineFixture.SHARED).get("mem-path"));
    assertEquals("attached to allocator dax", machine.state("shared"));

    dax.stop();
    assertEquals("attached to allocator file", machine.state("shared"), "it follows allocators");
    dax.start();
    everyByteIsIn(other());

    machine.takeDown();
    machine.standard().forEach(machine::configure);
    machine.awaitReason("was moved to " + other(), "start with mem-path=" + other());
  }

  @Test
  @DisplayName("there and back again: the file that was left behind may be overwritten")
  void thereAndBack() {
    for (int round = 0; round < Integer.getInteger("holdfast.test.swaps", 3); round++) {
      for (Path target : List.of(other(), machine.sharedFile())) {
        String answer = machine.run("ram:swap shared mem-path=" + target);
        assertTrue(answer.contains("done"), answer);
      }
    }
    everyByteIsIn(machine.sharedFile());
  }

  @Test
  @DisplayName("between types: plain memory to a file, a file to a memfd; configurations follow")
  void betweenTypes() {
    Path file = machine.folder().resolve("ram.img");
    String toFile =
        machine.run("ram:swap anonymous qom-type=memory-backend-file,share=on,mem-path=" + file);
    assertTrue(toFile.contains("done"), toFile);
    String toMemfd = machine.run("ram:swap private qom-type=memory-backend-memfd,share=on");
    assertTrue(toMemfd.contains("done"), toMemfd);
    assertTrue(machine.run("ram:show anonymous").contains("(memory-backend-file)"));
    assertTrue(machine.run("ram:show private").contains("(memory-backend-memfd)"));
    assertEquals(
        file.toString(),
        machine.configured("holdfast.memory.backend.file~anonymous").get("mem-path"));
    assertEquals("4M", machine.configured("holdfast.memory.backend.memfd~private").get("size"));
    load.awaitProgress();
    load.stop();
    load.checkMemory();
    load.checkFile("dimm1", file);
    assertTrue(machine.run("ram:set private dump off").contains("dump=off"));
  }

  @Test
  @DisplayName("a configuration with another mem-path is a swap")
  void byConfiguration() {
    Map<String, Object> changed = new HashMap<>(machine.standard().get(MachineFixture.SHARED));
    changed.put("mem-path", other().toString());
    machine.configure(MachineFixture.SHARED, changed);
    Await.until(
        "swapped",
        () -> machine.run("ram:show shared"),
        shown -> shown.contains("backing       " + other()));
    everyByteIsIn(other());
  }

  @Test
  @DisplayName("what can't work is refused by the plan, in one sentence, and nothing is touched")
  void refusedPlans() throws IOException {
    Path full = Files.write(machine.folder().resolve("full.img"), new byte[16 << 20]);
    Map<String, String> refusals = new HashMap<>();
    refusals.put("shared mem-path=" + machine.sharedFile() + ",dump=off", "stays locked");
    refusals.put("shared mem-path=" + full, "holds something already");
    refusals.put("shared size=32M,mem-path=" + other(), "can't become 32M");
    refusals.put("shared id=x,mem-path=" + other(), "its id can't change");
    refusals.put("shared share=on", "nothing would change");
    refusals.put("shared mem-pat=" + other(), "did you mean mem-path?");
    refusals.put("shared qom-type=floppy", "floppy is not a type");
    refusals.put("nobody mem-path=" + other(), "there is no memory backend 'nobody'");
    refusals.put("shared -cancel", "no swap of memory backend 'shared' is under way");
    refusals.forEach(
        (arguments, words) -> {
          String answer = machine.run("ram:swap " + arguments);
          assertTrue(answer.contains(words), () -> arguments + ": " + answer);
          assertEquals(1, answer.lines().count(), answer);
        });
    assertTrue(
        machine.run("ram:swap shared mem-path=" + other() + " -plan").contains("mem-path: "));
    assertFalse(Files.exists(other()));
    load.awaitProgress();
    load.requireNoEnd();
  }

  @Test
  @DisplayName("cancelled, or its machine ends: rolled back, and no file of the new one is left")
  void rolledBack() throws Exception {
    SwapLimits slow = SwapLimits.DEFAULT.withBandwidth(ByteSize.mib(1));
    RunningSwap swap = swaps().start(SHARED, Map.of("mem-path", other().toString()), slow);
    Await.until("copying", () -> swap.report().phase(), phase -> phase == SwapPhase.COPY);
    String second = machine.run("ram:swap shared mem-path=" + other() + "2");
    assertTrue(second.contains("a swap of it is under way"), second);
    assertTrue(machine.run("ram:swap shared -cancel").contains("it was cancelled"));
    assertEquals(SwapPhase.ROLLED_BACK, swap.await(LIMIT).phase());
    assertNothingOfOtherIsLeft();

    RunningSwap next = swaps().start(SHARED, Map.of("mem-path", other().toString()), slow);
    Await.until("copying", () -> next.report().phase(), phase -> phase == SwapPhase.COPY);
    load.stop();
    load.checkMemory();
    machine.takeDown();
    assertEquals(SwapPhase.ROLLED_BACK, next.await(LIMIT).phase());
    assertNothingOfOtherIsLeft();
    load.checkFile("nvdimm0", machine.sharedFile());
  }

  private void assertNothingOfOtherIsLeft() throws IOException {
    try (var files = Files.list(machine.folder())) {
      assertEquals(
          List.of(),
          files
              .map(path -> path.getFileName().toString())
              .filter(name -> name.contains("other") || name.contains("swap"))
              .toList());
    }
  }

  @Test
  @DisplayName(
      "allocators are updated, stopped and uninstalled during a swap: the region follows them when"
          + " it is over")
  void allocatorsGoMeanwhile() throws Exception {
    SwapLimits slow =
        SwapLimits.DEFAULT.withBandwidth(ByteSize.mib(64)).withDowntime(Duration.ofSeconds(2));
    RunningSwap swap = swaps().start(SHARED, Map.of("mem-path", other().toString()), slow);
    Await.until("copying", () -> swap.report().phase(), phase -> phase == SwapPhase.COPY);
    dax.update();
    dax.stop();
    String location = file.uninstall();
    assertEquals(SwapPhase.DONE, swap.await(LIMIT).phase());
    Await.until("detached", () -> machine.region("shared").state(), s -> s == RegionState.DETACHED);
    file.install(location);
    file.start();
    dax.start();
    assertEquals("attached to allocator dax", machine.state("shared"));
    everyByteIsIn(other());
  }

  @Test
  @DisplayName("a writer that doesn't pause in time makes it roll back, and nothing is lost")
  void aWriterThatDoesNotPause() {
    GuestWriter stubborn =
        new GuestWriter() {
          @Override
          public String name() {
            return "stubborn";
          }

          @Override
          public boolean pause(Duration limit) {
            return false;
          }

          @Override
          public void resume() {
            throw new AssertionError("it never paused");
          }
        };
    ServiceRegistration<GuestWriter> registration =
        context.registerService(GuestWriter.class, stubborn, null);
    try {
      String answer = machine.run("ram:swap shared mem-path=" + other());
      assertTrue(answer.contains("the writer 'stubborn' did not pause within 1000 ms"), answer);
      assertFalse(Files.exists(other()));
    } finally {
      registration.unregister();
    }
    everyByteIsIn(machine.sharedFile());
  }

  @Test
  @DisplayName("memory that fails is copied to its standby as far as it can be read")
  void evacuation() throws Exception {
    load.stop();
    machine.takeDown();
    Path standby = machine.folder().resolve("standby.img");
    Map<String, Map<String, Object>> all = machine.standard();
    Map<String, Object> withStandby = new HashMap<>(all.get(MachineFixture.SHARED));
    withStandby.put("x-standby", standby.toString());
    all.put(MachineFixture.SHARED, withStandby);
    all.forEach(machine::configure);
    memory = machine.awaitUp();
    machine.region("shared").segment().fill((byte) 42);
    machine.run("ram:persist shared");
    long half = 8L << 20;
    try (FileChannel channel = FileChannel.open(machine.sharedFile(), StandardOpenOption.WRITE)) {
      channel.truncate(half);
    }
    assertTrue(machine.run("ram:persist shared").contains("truncated"));
    String shown =
        Await.until(
            "evacuated", () -> machine.run("ram:show shared"), text -> text.contains("standby "));
    assertTrue(shown.contains("what could be read, 8M of 16M, was copied to " + standby), shown);
    byte[] bytes = Files.readAllBytes(standby);
    assertEquals(16 << 20, bytes.length);
    for (int at = 0; at < bytes.length; at++) {
      assertEquals(at < half ? 42 : 0, bytes[at], "at " + at);
    }
    String lost = Files.readString(machine.folder().resolve("standby.img.lost.json"));
    assertTrue(lost.contains("{\"offset\":8388608,\"length\":8388608}"), lost);
  }
}
