package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The machine comes up as a whole, as soon as all that its configuration lists is there. */
@Timeout(120)
class MachineComesUpTest {
  private final MachineFixture there = new MachineFixture();

  @AfterEach
  void close() {
    there.close();
  }

  private static List<String> ids(Machine machine) {
    return machine.backends().stream().map(b -> b.region().id().value()).toList();
  }

  private void awaitMissing(String... names) throws InterruptedException {
    there.awaitIncomplete(names);
    assertEquals(List.of(), there.guestMemories());
    assertEquals(List.of(), there.file.made());
  }

  @Test
  @DisplayName("it waits for each declaration that is listed, in whatever order they come")
  void waitsForAllThatItLists() throws Exception {
    there.withFile();
    there.nvdimm("nv1", "m1");
    there.machine("objects=m0,m1", "devices=nv0,nv1");
    awaitMissing("m0", "m1", "nv0");
    there.backend("m1");
    awaitMissing("m0", "nv0");
    there.nvdimm("nv0", "m0");
    awaitMissing("m0");

    there.backend("m0");

    Machine machine = there.up();
    assertEquals(List.of("m0", "m1", "pc.ram"), ids(machine), "as listed, base RAM last");
    assertEquals(
        List.of("ram:below-4g", "nv0", "nv1"),
        machine.memory().devices().stream().map(MemoryDevice::id).toList());
    assertEquals(List.of(machine.memory()), there.guestMemories());
  }

  @Test
  @DisplayName("configurations that are written together are compared when all of them are there")
  void whatIsWrittenTogetherIsComparedOnce() throws Exception {
    there.withFile();
    there.awaitFollowed();
    MachineComponent component = there.component();
    List<MachineState> states = new CopyOnWriteArrayList<>();
    component.onState(states::add);
    component.write(
        () -> {
          there.machine("objects=m0");
          there.backend("m0");
        });
    there.up();
    assertEquals(
        List.of("Unconfigured", "Starting", "Up"),
        states.stream().map(state -> state.getClass().getSimpleName()).toList());
  }

  @Test
  @DisplayName("what was written is compared even if not all could be written")
  void whatWasWrittenBeforeAFailureIsCompared() throws Exception {
    there.withFile();
    IOException full = new IOException("its disk is full");
    assertThrows(
        IOException.class,
        () ->
            there
                .component()
                .write(
                    () -> {
                      there.machine("objects=m0");
                      throw full;
                    }));
    awaitMissing("m0");
  }

  @Test
  void aDeclarationThatGoesIsMissedAgain() throws Exception {
    there.backend("m0");
    there.machine("objects=m0");
    there.await(MachineState.Waiting.class);

    there.configurations.delete(MachineFixture.backendPid("m0"));

    awaitMissing("m0");
  }

  @Test
  void whatIsNotListedIsNoPartOfIt() throws Exception {
    there.withFile();
    there.backend("m0");
    there.backend("unlisted");
    there.nvdimm("nv0", "m0");
    there.machine("objects=m0");

    assertEquals(List.of("m0", "pc.ram"), ids(there.up()));
    assertEquals(1, there.up().memory().devices().size());
  }

  static Stream<Arguments> lists() {
    return Stream.of(
        Arguments.of((Object) new String[] {"m0", "m1"}),
        Arguments.of(List.of("m0", "m1")),
        Arguments.of(" m0 , m1 "));
  }

  @ParameterizedTest
  @MethodSource("lists")
  @DisplayName("a list can be an array, a collection or a text with commas")
  void aListCanHaveAnyForm(Object list) throws Exception {
    there.withFile();
    there.backend("m1");
    there.backend("m0");
    Map<String, Object> configuration = MachineFixture.machineConfiguration();
    configuration.put(MachineComponent.OBJECTS, list);

    there.configure(configuration);

    assertEquals(List.of("m0", "m1", "pc.ram"), ids(there.up()));
  }

  @Test
  @DisplayName("without memory-backend the base RAM is plain memory of the size of -m")
  void baseRamIsPlainMemory() throws Exception {
    there.withFile().machine("objects=", "devices=");

    Backend ram = there.up().find("pc.ram").orElseThrow();

    assertEquals("memory-backend-ram", ram.type());
    assertTrue(ram.isImplicit());
    assertInstanceOf(Backing.Anonymous.class, ram.region().spec().backing());
    assertEquals(ByteSize.mib(1), ram.region().size());
    assertEquals(GuestAddress.ZERO, there.up().memory().devices().getFirst().address());
  }

  @Test
  @DisplayName("memory-backend: the base RAM is that backend, and no other memory is made")
  void baseRamCanBeABackend() throws Exception {
    there.withFile();
    there.backend("m0", "size=2M");
    there.machine("objects=m0", "memory-backend=m0", "size=");

    Machine machine = there.up();

    assertEquals(List.of("m0"), ids(machine));
    MemoryDevice ram = machine.memory().devices().getFirst();
    assertEquals("m0", ram.region().id().value());
    assertEquals(ByteSize.mib(2), ram.size());
  }

  @Test
  @DisplayName("each backend has the allocator that takes it: dax what is pmem, file the rest")
  void eachBackendHasItsAllocator() throws Exception {
    there.withFile().withDax();
    there.backend("m0");
    there.backend("m1", "pmem=on");
    there.machine("objects=m0,m1");

    assertEquals(
        List.of("file", "dax", "file"),
        there.up().backends().stream().map(b -> b.region().status().allocator()).toList());
  }

  @Test
  @DisplayName("a filter in the backend's own configuration holds from the start")
  void aConfiguredFilterHolds() throws Exception {
    there.withFile().withDax();
    there.backend("m0", "pmem=on", "allocator.target=(backend.kind=file)");
    there.machine("objects=m0");

    Region region = there.up().find("m0").orElseThrow().region();
    assertEquals("file", region.status().allocator());
    assertEquals("(backend.kind=file)", region.filter().text());
  }

  @Test
  @DisplayName("a missing allocator is waited for, with a sentence; nothing is half up meanwhile")
  void waitsForAnAllocator() throws Exception {
    there.withDax();
    there.backend("m0", "pmem=on");
    there.machine("objects=m0");

    String reason = there.await(MachineState.Waiting.class).reason();
    assertTrue(reason.contains("'pc.ram'"), reason);
    assertTrue(reason.contains("holdfast.backend.file"), reason);
    assertEquals(List.of(), there.guestMemories());
    assertTrue(there.dax.made().stream().noneMatch(b -> b.segment().scope().isAlive()));

    there.withFile();

    assertEquals(List.of("m0", "pc.ram"), ids(there.up()));
  }

  @Test
  @DisplayName("awaitSettled waits no longer than it is told for what is missing")
  void awaitingHasALimit() throws Exception {
    there.machine("objects=m0");
    awaitMissing("m0");

    assertInstanceOf(MachineState.Incomplete.class, there.component().awaitSettled(1));

    there.backend("m0");
    there.await(MachineState.Waiting.class);
    assertInstanceOf(MachineState.Waiting.class, there.component().awaitSettled(1));

    there.withFile();
    assertInstanceOf(MachineState.Up.class, there.component().awaitSettled(30_000));
  }
}
