package holdfast.launcher.internal.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import holdfast.launcher.internal.machine.ConfiguredMachine;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.core.Backend;
import holdfast.machine.swap.Place;
import holdfast.machine.swap.SwapFixture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Swaps that configurations ask for, and what swaps write into configurations, on tmpfs. */
@Timeout(120)
class ConfiguredSwapTest {
  private static final int SIZE = 64 << 10;

  private @Nullable ConfiguredMachine following;

  private static Map<String, String> there(SwapFixture fixture) {
    return Place.TMPFS.properties(fixture, 1);
  }

  private static Path path(SwapFixture fixture, int number) {
    return Place.TMPFS.file(fixture, number).orElseThrow();
  }

  /** From now on the machine follows configurations, which say what is in force. */
  private void follow(SwapFixture fixture) {
    ConfiguredMachine made = new ConfiguredMachine(fixture.machine.machine());
    following = made;
    fixture.recorder = made::record;
    fixture.wake = () -> look(fixture);
    look(fixture);
  }

  private ConfiguredMachine configured() {
    return Objects.requireNonNull(following);
  }

  /** The machine is woken. */
  private void look(SwapFixture fixture) {
    try {
      configured().look(fixture.swaps::follow);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static SwapFixture.Watcher failing(String where, IOException failure) {
    return step -> {
      if (step.equals(where)) {
        throw failure;
      }
    };
  }

  /** A change of configuration, of which the machine is told. */
  private void configure(SwapFixture fixture, Map<String, String> changes) throws Exception {
    Backend backend = fixture.machine.machine().find("ram0").orElseThrow();
    Map<String, Object> written = new LinkedHashMap<>(backend.object().texts());
    written.putAll(changes);
    written.remove("qom-type");
    written.put("felix.fileinstall.filename", "file:/etc/ram0.cfg");
    configured().configurations.put(configured().pid("ram0"), written);
    look(fixture);
  }

  /** During the first swap, as soon as it copies. */
  private SwapFixture.Watcher configuringInRoundOne(
      SwapFixture fixture, Map<String, String> changes) {
    return step -> {
      if (step.equals("round 1") && fixture.swaps.history(RAM0).isEmpty()) {
        try {
          configure(fixture, changes);
        } catch (Exception e) {
          throw new IOException(e); // which rolls back the swap that is expected to be done
        }
      }
    };
  }

  private static void awaitEnds(SwapFixture fixture, int count) throws Exception {
    while (fixture.swaps.history(RAM0).size() < count || fixture.swaps.running(RAM0).isPresent()) {
      Optional<RunningSwap> running = fixture.swaps.running(RAM0);
      if (running.isPresent()) {
        running.get().await(SwapFixture.LIMIT);
      } else {
        Thread.onSpinWait(); // the class has a limit
      }
    }
  }

  private Map<String, Object> configuration() {
    return Objects.requireNonNull(
        configured().configurations.written().get(configured().pid("ram0")));
  }

  @Test
  @DisplayName("a configured swap that is rolled back: its configuration says what is in force")
  void aConfiguredSwapIsRolledBack() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      follow(fixture);
      fixture.fill();
      fixture.watch(failing("round 1", new IOException("mischief")));
      configure(fixture, there(fixture));
      awaitEnds(fixture, 1);
      assertRolledBack(fixture.swaps.history(RAM0).getFirst(), "mischief");
      SwapFixture.awaitThreads();
      assertEquals(path(fixture, 0).toString(), configuration().get("mem-path"));
      assertEquals("file:/etc/ram0.cfg", configuration().get("felix.fileinstall.filename"));
    }
  }

  @Test
  @DisplayName("a configuration that changes again during its swap is swapped to next")
  void configuredAgainMeanwhile() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      follow(fixture);
      fixture.fill();
      Path third = fixture.folder.resolve("third");
      Map<String, String> again = new LinkedHashMap<>(there(fixture));
      again.put("mem-path", third.toString());
      fixture.watch(configuringInRoundOne(fixture, again));
      configure(fixture, there(fixture));
      awaitEnds(fixture, 2);
      SwapFixture.awaitThreads();
      fixture.swaps.history(RAM0).forEach(SwapFixture::assertDone);
      fixture.assertFilled();
      assertEquals(third.toString(), fixture.region().backing());
      assertEquals(third.toString(), configuration().get("mem-path"));
    }
  }

  @Test
  @DisplayName("a configuration that changes back during its swap is swapped back to")
  void configuredBackMeanwhile() throws Exception {
    // on a disk, where it can be told that nobody has changed the old file meanwhile
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.DISK)) {
      follow(fixture);
      fixture.fill();
      String old = Place.DISK.file(fixture, 0).orElseThrow().toString();
      fixture.watch(configuringInRoundOne(fixture, Map.of("mem-path", old)));
      configure(fixture, Place.DISK.properties(fixture, 1));
      awaitEnds(fixture, 2);
      SwapFixture.awaitThreads();
      fixture.swaps.history(RAM0).forEach(SwapFixture::assertDone);
      assertEquals(old, fixture.region().backing());
      assertEquals(old, configuration().get("mem-path"));
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("a machine that is woken late, and often, moves nothing by itself")
  void toldLate() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      follow(fixture);
      fixture.fill();
      Map<String, String> back = Map.of("mem-path", path(fixture, 0).toString());
      fixture.watch(step -> look(fixture));
      for (int round = 1; round <= 10; round++) {
        assertDone(fixture.swap(round % 2 == 1 ? there(fixture) : back, LIMITS));
        look(fixture);
        assertEquals(round, fixture.swaps.history(RAM0).getFirst().number());
        assertEquals(Optional.empty(), fixture.swaps.running(RAM0));
      }
      assertEquals(path(fixture, 0).toString(), fixture.region().backing());
      assertEquals(path(fixture, 0).toString(), configuration().get("mem-path"));
    }
  }

  @Test
  @DisplayName("a swap writes into its configuration what changed, and nothing else")
  void writesWhatChanged() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      follow(fixture);
      Map<String, Object> little =
          Map.of(
              "id", "ram0",
              "size", "" + SIZE,
              "share", "yes",
              "mem-path", path(fixture, 0).toString(),
              "felix.fileinstall.filename", "file:/etc/ram0.cfg",
              "colour", "red");
      configured().configurations.put(configured().pid("ram0"), little);
      look(fixture); // and says that there is no property colour
      assertDone(fixture.swap(there(fixture), LIMITS));
      Map<String, Object> expected = new LinkedHashMap<>(little);
      expected.put("mem-path", path(fixture, 1).toString());
      expected.put("dump", "off");
      assertEquals(expected, configuration());
    }
  }

  @Test
  @DisplayName("a swap of a region whose configuration is gone makes none")
  void noConfigurationIsMade() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      follow(fixture);
      configured().configurations.delete(configured().pid("ram0"));
      look(fixture);
      assertDone(fixture.swap(there(fixture), LIMITS));
      assertEquals(Map.of(), configured().configurations.written());
    }
  }

  @Test
  @DisplayName("a configuration that changes while an operator's swap is cancelled by the end")
  void configuredBeforeTheEnd() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      follow(fixture);
      fixture.fill();
      Map<String, String> third = Map.of("mem-path", fixture.folder.resolve("third").toString());
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      configure(fixture, third);
      fixture.swaps.close();
      assertRolledBack(task.report(), "the machine ended");
      assertEquals(path(fixture, 0).toString(), configuration().get("mem-path"));
      assertEquals(Set.of("tmpfs0"), fixture.files());
    }
  }
}
