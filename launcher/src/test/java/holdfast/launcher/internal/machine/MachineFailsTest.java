package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingLockedException;
import holdfast.machine.core.FakeBlock;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A machine that can't come up says why in one sentence, takes back everything that was made for
 * it, and tries again when something changes.
 */
@Timeout(120)
class MachineFailsTest {
  private final MachineFixture there = new MachineFixture().withFile();

  @AfterEach
  void close() {
    there.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "size=nonsense | configuration holdfast.memory.backend.file~m0: size=nonsense is not a size",
        "sise=1M       | there is no property sise: did you mean size?",
        "align=3K      | memory-backend-file 'm0': align=3K is not a power of two",
        "size=0        | memory-backend-file 'm0': size=0",
        "allocator.target=(x | memory backend 'm0': allocator.target=(x is not an OSGi filter",
      })
  void aMistakeInABackendIsTold(String property, String sentence) throws Exception {
    there.backend("m0", property);
    there.machine("objects=m0");

    there.assertFails(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "slot=x        | configuration holdfast.nvdimm~nv0: slot=x is not a whole number",
        "memdev=m9     | device 'nv0': memdev=m9 names no memory backend; there are m0, pc.ram",
        "label-size=1K | nvdimm 'nv0' on memory backend 'm0': label-size=1K asked for",
        "slot=9        | nvdimm 'nv0' on memory backend 'm0': slot=9 asked for",
        "uuid=x        | uuid='x' is none",
      })
  void aMistakeInADeviceIsToldAndAllIsTakenBack(String property, String sentence) throws Exception {
    there.backend("m0");
    there.nvdimm("nv0", "m0", property);
    there.machine("objects=m0", "devices=nv0");

    there.assertFails(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "type=vax          | configuration holdfast.machine: type=vax is not among the choices",
        "colour=red        | there is no property colour",
        "maxmem=1K         | the machine's maxmem=1K is below its size 1M",
        "memory-backend=m9 | the machine's memory-backend=m9 names no memory backend; there are m0",
        "size=2M, memory-backend=m0 | memory backend 'm0' has size=1M, but the machine's RAM is 2M",
      })
  void aMistakeInTheMachineIsTold(String properties, String sentence) throws Exception {
    there.backend("m0");
    there.machine(("objects=m0, " + properties).split(", "));

    there.assertFails(sentence);
  }

  @Test
  @DisplayName("an nvdimm on a machine without nvdimm=on is refused, and nothing stays")
  void aRefusedDeviceTakesAllBack() throws Exception {
    there.backend("m0");
    there.nvdimm("nv0", "m0");
    there.machine("objects=m0", "devices=nv0", "nvdimm=off");

    there.assertFails("nvdimm=on");
    assertEquals(2, there.file.made().size(), "backend and base RAM had been made");
  }

  @Test
  @DisplayName("whatever keeps the machine from coming up, the sentence begins with its place")
  void theConfigurationIsNamed() throws Exception {
    String backend = "configuration holdfast.memory.backend.file~m0: ";
    there.machine("objects=m0", "devices=nv0");
    there.nvdimm("nv0", "m9");
    there.backend("m0", "mem-path=/m0/");
    there.assertFails(backend + "memory-backend-file 'm0': mem-path=/m0/ names a folder");
    there.backend("m0", "align=3K");
    there.awaitFollowed();
    there.assertFails(backend + "memory-backend-file 'm0': align=3K");
    there.file.beforeAllocate(
        spec -> {
          throw new BackingLockedException(spec);
        });
    there.backend("m0");
    there.awaitFollowed();
    there.assertFails(backend + "memory backend 'm0' on /m0: the file is locked");
    there.file.beforeAllocate(spec -> {});
    there.backend("m0", "merge=on");
    there.awaitFollowed();
    there.assertFails("configuration holdfast.nvdimm~nv0: device 'nv0': memdev=m9 names no");
    there.nvdimm("nv0", "m0", "slot=9");
    there.awaitFollowed();
    there.assertFails("configuration holdfast.nvdimm~nv0: nvdimm 'nv0' on memory backend 'm0'");
    there.machine("objects=m0", "maxmem=1K");
    there.awaitFollowed();
    there.assertFails("configuration holdfast.machine: the machine's maxmem=1K is below");
    there.machine("objects=m0", "memory-backend=m9");
    there.awaitFollowed();
    there.assertFails("configuration holdfast.machine: the machine's memory-backend=m9 names no");
    there.machine("objects=m0");
    there.unregister(there.file);
    there.awaitFollowed();
    String waiting = there.await(MachineState.Waiting.class).reason();
    assertTrue(waiting.startsWith(backend + "memory backend 'm0' on /m0: no alloc"), waiting);
  }

  @Test
  void twoBackendsWithOneIdAreRefused() throws Exception {
    there.backend("m0");
    there.backend("m1", "id=m0");
    there.machine("objects=m0,m1");

    there.assertFails("memory backend 'm0': the id is taken");
  }

  @Test
  @DisplayName("the second backend fails: the first one's file is taken back")
  void allOrNone() throws Exception {
    there.file.beforeAllocate(
        spec -> {
          if (spec.id().value().equals("m1")) {
            throw new BackingLockedException(spec);
          }
        });
    there.backend("m0");
    there.backend("m1");
    there.machine("objects=m0,m1");

    there.assertFails("memory backend 'm1' on /m1: the file is locked");
    assertEquals(List.of(FakeBlock.End.DISCARDED), there.ends());
  }

  @Test
  @DisplayName("also an Error of an allocator ends in a verdict: who waits is not left waiting")
  void anErrorIsAVerdict() throws Exception {
    there.file.beforeAllocate(
        spec -> {
          if (spec.id().value().equals("m1")) {
            throw new OutOfMemoryError("no address space");
          }
        });
    there.backend("m0");
    there.backend("m1");
    there.machine("objects=m0,m1");

    there.assertFails("no address space");
  }

  @Test
  @DisplayName(
      "a mistake in a backend that is corrected in its configuration: the machine comes up")
  void aCorrectedBackendIsTriedAgain() throws Exception {
    there.backend("m0", "size=nonsense");
    there.machine("objects=m0");
    there.assertFails("nonsense");

    there.backend("m0", "size=2M");

    assertTrue(there.up().find("m0").isPresent());
  }

  @Test
  @DisplayName("a mistake in a device that is corrected in its configuration: the machine comes up")
  void aCorrectedDeviceIsTriedAgain() throws Exception {
    there.backend("m0");
    there.nvdimm("nv0", "m0", "slot=9");
    there.machine("objects=m0", "devices=nv0");
    there.assertFails("slot=9");

    there.nvdimm("nv0", "m0", "slot=3");

    assertEquals(3, there.up().memory().devices().getLast().slot());
  }

  @Test
  void aCorrectedMachineIsTriedAgain() throws Exception {
    there.machine("type=vax");
    there.assertFails("type=vax");

    there.machine("type=q35");

    there.up();
  }

  @Test
  @DisplayName("an allocator that failed is asked again when an allocator comes")
  void anotherAllocatorIsTriedAgain() throws Exception {
    there.dax.accepting(spec -> true);
    there.file.beforeAllocate(
        spec -> {
          throw new BackingLockedException(spec);
        });
    there.backend("m0");
    there.machine("objects=m0");
    there.assertFails("is locked");

    there.withDax();

    assertEquals("dax", there.up().find("m0").orElseThrow().region().status().allocator());
  }
}
