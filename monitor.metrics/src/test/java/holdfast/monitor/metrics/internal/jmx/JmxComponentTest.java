package holdfast.monitor.metrics.internal.jmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.core.OpenMachine;
import holdfast.monitor.metrics.internal.OpenHoldfast;
import holdfast.monitor.metrics.internal.Readings;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.MXBean;
import javax.management.ObjectName;
import javax.management.openmbean.TabularData;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The beans of a machine of a library. */
@Timeout(120)
class JmxComponentTest {
  private static final String REGION = "holdfast:type=Region,id=\"m0\"";
  private static final String DEVICE = "holdfast:type=Device,id=\"nv0\"";

  private final MBeanServer server = MBeanServerFactory.newMBeanServer();

  private Set<String> names() {
    Set<String> names = new TreeSet<>();
    try {
      server.queryNames(new ObjectName("holdfast:*"), null).forEach(name -> names.add("" + name));
    } catch (javax.management.MalformedObjectNameException e) {
      throw new AssertionError(e);
    }
    return names;
  }

  private Object get(String name, String attribute) throws Exception {
    return server.getAttribute(new ObjectName(name), attribute);
  }

  /** As {@link #get}, for a bean that is known to be there. */
  private Object now(String name, String attribute) {
    try {
      return get(name, attribute);
    } catch (Exception e) {
      throw new AssertionError(name + ", " + attribute, e);
    }
  }

  private static void await(String what, Supplier<Boolean> condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.get()) {
      assertTrue(System.nanoTime() < end, what);
      Thread.sleep(10);
    }
  }

  @Test
  @DisplayName("come and go with regions, devices and swaps, tell what is so, and leave nothing")
  void life() throws Exception {
    try (OpenHoldfast open = new OpenHoldfast()) {
      JmxComponent component = new JmxComponent(open.admin(), open.readings(), server);
      assertTrue(names().containsAll(Set.of(REGION, DEVICE)), names()::toString);

      open.admin().persist("m0", 0, 8192);
      assertEquals(1L, get(REGION, "Persists"));
      assertEquals(8192L, get(REGION, "PersistedBytes"));
      assertEquals("attached", get(REGION, "State"));
      assertEquals("none", get(REGION, "Failure"));
      assertEquals(OpenHoldfast.SIZE, get(REGION, "MappedBytes"));
      TabularData times = (TabularData) get(REGION, "PersistsByNanos");
      assertEquals(26, times.size());
      assertEquals("nvdimm", get(DEVICE, "Driver"));
      assertEquals("m0", get(DEVICE, "Memdev"));
      assertEquals("0x100000000", get(DEVICE, "Address"));

      open.admin()
          .swap("m0", Map.of("mem-path", open.other().toString()), SwapLimits.DEFAULT)
          .await(Duration.ofSeconds(30));
      String swap = "holdfast:type=Swap,backend=\"m0\",number=1";
      await("the swap", () -> names().contains(swap));
      // the swap's end is an event of its own, which comes after what waited for it goes on
      await("its end", () -> "done".equals(now(swap, "Phase")));
      assertEquals(open.other().toString(), get(swap, "To"));
      assertEquals(OpenHoldfast.SIZE, get(swap, "TotalBytes"));
      assertEquals(1L, get(REGION, "Persists"), "the region is the same one");

      open.admin().addObject("memory-backend-ram", Map.of("id", "m1", "size", "1M"));
      String more = "holdfast:type=Region,id=\"m1\"";
      await("m1", () -> names().contains(more));
      open.admin().plug("pc-dimm", Map.of("id", "d1", "memdev", "m1"));
      await("d1", () -> names().contains("holdfast:type=Device,id=\"d1\""));
      assertEquals(true, get("holdfast:type=Device,id=\"d1\"", "Hotplugged"));
      open.admin().unplug("d1");
      open.admin().removeObject("m1");
      await("no m1", () -> !names().contains(more));
      await("no d1", () -> !names().contains("holdfast:type=Device,id=\"d1\""));

      component.deactivate();
      assertEquals(Set.of(), names());
      open.admin().unplug("nv0"); // nobody listens
      assertEquals(Set.of(), names());
    }
  }

  @Test
  @DisplayName("a migration's comes when the machine meets one, and tells what the metrics do")
  void migration() throws Exception {
    String name = "holdfast:type=Migration";
    try (OpenMachine there = OpenMachine.of()) {
      Readings readings = new Readings(there.admin());
      JmxComponent component = new JmxComponent(there.admin(), readings, server);
      assertFalse(names().contains(name), "it has met none");

      there.admin().migration().migrate("tcp:b:1");
      there.migration.become(MigrationState.ACTIVE, 2);
      await("the migration", () -> names().contains(name));
      assertEquals("active", get(name, "State"));
      assertEquals("tcp:b:1", get(name, "Address"));
      assertEquals(false, get(name, "Incoming"));
      assertEquals("", get(name, "Error"));
      assertEquals(12L << 20, get(name, "TransferredBytes"));
      assertEquals(3L << 20, get(name, "RemainingBytes"));
      assertEquals(-1L, get(name, "DowntimeMicros"));

      there.migration.become(MigrationState.COMPLETED, 2);
      assertEquals("completed", get(name, "State"));
      assertEquals(12_000L, get(name, "DowntimeMicros"));

      component.deactivate();
      readings.deactivate();
      assertEquals(Set.of(), names());
    }
  }

  /** Somebody else's. */
  @MXBean
  public interface Other {
    int getNothing();
  }

  @Test
  @DisplayName("of two machines in one JVM: the first has the name, and the second leaves it to it")
  void twoMachines() throws Exception {
    server.registerMBean((Other) () -> 7, new ObjectName(REGION));
    try (OpenHoldfast open = new OpenHoldfast()) {
      JmxComponent component = new JmxComponent(open.admin(), open.readings(), server);
      assertTrue(names().contains(DEVICE));
      component.deactivate();
      assertEquals(Set.of(REGION), names());
      assertEquals(7, get(REGION, "Nothing"));
    }
  }

  @Test
  @DisplayName("an id with anything in it is quoted")
  void quoted() {
    String odd = "a,b=c:d\"e*?\\\n";
    ObjectName name = BeanName.region(odd).name();
    assertEquals(odd, ObjectName.unquote(name.getKeyProperty("id")));
    assertEquals("Region", name.getKeyProperty("type"));
    assertTrue(!name.isPattern());
  }
}
