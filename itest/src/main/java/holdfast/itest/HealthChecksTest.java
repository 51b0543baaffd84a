package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** The health checks in a framework, by their tag. */
class HealthChecksTest extends LiveMachineTest {
  private static final int MIB = 1 << 20;

  private Map<String, Result> results() throws InvalidSyntaxException {
    Map<String, Result> results = new TreeMap<>();
    for (ServiceReference<HealthCheck> found :
        context.getServiceReferences(HealthCheck.class, "(hc.tags=holdfast)")) {
      HealthCheck check = context.getService(found);
      results.put("" + found.getProperty(HealthCheck.NAME), check.execute());
      context.ungetService(found);
    }
    assertEquals(6, results.size(), results::toString);
    return results;
  }

  private static void assertSays(Result.Status status, String words, Result result) {
    StringBuilder said = new StringBuilder();
    result.forEach(entry -> said.append(entry.getMessage()).append('\n'));
    assertEquals(status, result.getStatus(), said::toString);
    assertTrue(said.toString().contains(words), said::toString);
  }

  @Test
  @DisplayName("without a machine, with one that waits, with one that is up and lost its allocator")
  void machine() throws Exception {
    assertSays(Result.Status.WARN, "no machine is configured", results().get("Holdfast machine"));

    machine.configure(
        MachineFixture.MACHINE, Map.of("nvdimm", true, "size", "4M", "objects", "shared"));
    machine.awaitReason("shared");
    assertSays(
        Result.Status.TEMPORARILY_UNAVAILABLE,
        "'shared', which has no configuration",
        results().get("Holdfast machine"));

    machine.configure(
        MachineFixture.SHARED,
        Map.of(
            "id",
            "shared",
            "mem-path",
            machine.sharedFile().toString(),
            "size",
            "8M",
            "share",
            "on",
            "pmem",
            "on"));
    machine.awaitUp();
    Map<String, Result> up = results();
    assertSays(Result.Status.OK, "the machine is up", up.get("Holdfast machine"));
    assertSays(Result.Status.WARN, "cache-line was asked for", up.get("Holdfast durability"));
    assertSays(Result.Status.OK, "every region", up.get("Holdfast regions"));
    assertSays(Result.Status.OK, "no migration", up.get("Holdfast migrations"));
    assertSays(Result.Status.OK, "no swap", up.get("Holdfast swaps"));

    dax.stop();
    file.stop();
    assertSays(
        Result.Status.WARN,
        "memory backend 'shared' on " + machine.sharedFile() + " is detached",
        results().get("Holdfast regions"));
  }

  @Test
  @DisplayName("a sparse file on a file system that fills up, on tmpfs")
  void space() throws Exception {
    try (SmallTmpfs disk = SmallTmpfs.mount(machine.folder(), "size=4m")) {
      machine.configure(MachineFixture.MACHINE, Map.of("size", "4M", "objects", "shared"));
      machine.configure(
          MachineFixture.SHARED,
          Map.of(
              "id",
              "shared",
              "mem-path",
              machine.sharedFile().toString(),
              "size",
              "8M",
              "share",
              "on",
              "reserve",
              "off"));
      machine.awaitUp();
      assertSays(Result.Status.OK, "nearly full", results().get("Holdfast disk space"));
      Files.write(machine.folder().resolve("more"), new byte[4 * MIB - (64 << 10)]);
      assertSays(
          Result.Status.WARN, "64K of 4M free: make room", results().get("Holdfast disk space"));
      Files.write(machine.folder().resolve("rest"), new byte[64 << 10]);
      assertSays(Result.Status.CRITICAL, "0 of 4M free", results().get("Holdfast disk space"));
      machine.takeDown();
    }
  }
}
