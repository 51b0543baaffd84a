package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.api.Ejection;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.test.common.annotation.InjectService;

/**
 * What an operator does through one door shows behind all others: the shell, QMP, configurations
 * and the service.
 */
class DoorsTest extends LiveMachineTest {
  private static final String QMP = "holdfast.monitor.qmp~doors";
  private static final String ADDED = "holdfast.memory.backend.ram~added";
  private static final String PLUGGED = "holdfast.pc.dimm~plugged";

  @InjectService MachineAdmin admin;

  private Path socket;

  /** A door through which an operator changes a machine. */
  private enum Door {
    SHELL {
      @Override
      void add(DoorsTest test) {
        test.shell("ram:object_add memory-backend-ram,id=added,size=1M", "was added");
      }

      @Override
      void plug(DoorsTest test) {
        test.shell("ram:device_add pc-dimm,id=plugged,memdev=added", "was plugged");
      }

      @Override
      void set(DoorsTest test) {
        test.shell("ram:set added dump off", "dump=off");
      }

      @Override
      void use(DoorsTest test) {
        test.shell("ram:use shared '(backend.kind=file)'", "");
      }

      @Override
      void swap(DoorsTest test, Path target) {
        test.shell("ram:swap shared mem-path=" + target, "done");
      }

      @Override
      void unplug(DoorsTest test) {
        test.shell("ram:device_del plugged", "was unplugged");
      }

      @Override
      void remove(DoorsTest test) {
        test.shell("ram:object_del added", "was removed");
      }
    },
    QMP {
      @Override
      void add(DoorsTest test) throws IOException {
        test.qmp("object-add", "'qom-type':'memory-backend-ram','id':'added','size':1048576");
      }

      @Override
      void plug(DoorsTest test) throws IOException {
        test.qmp("device_add", "'driver':'pc-dimm','id':'plugged','memdev':'added'");
      }

      @Override
      void set(DoorsTest test) throws IOException {
        test.qmp("qom-set", "'path':'/objects/added','property':'dump','value':false");
      }

      @Override
      void use(DoorsTest test) throws IOException {
        test.qmp("x-holdfast-use", "'id':'shared','filter':'(backend.kind=file)'");
      }

      @Override
      void swap(DoorsTest test, Path target) throws Exception {
        test.qmp("x-holdfast-swap", "'id':'shared','changes':{'mem-path':'" + target + "'}");
        Await.until(
            "swapped", () -> test.machine.run("ram:swaps shared"), said -> said.contains("done"));
      }

      @Override
      void unplug(DoorsTest test) throws IOException {
        test.qmp("device_del", "'id':'plugged'");
      }

      @Override
      void remove(DoorsTest test) throws IOException {
        test.qmp("object-del", "'id':'added'");
      }
    },
    CONFIGURATION {
      @Override
      void add(DoorsTest test) {
        test.machine.configure(ADDED, Map.of("id", "added", "size", "1M"));
        test.list("objects", List.of("shared", "private", "anonymous", "added"));
      }

      @Override
      void plug(DoorsTest test) {
        test.machine.configure(PLUGGED, Map.of("id", "plugged", "memdev", "added"));
        test.list("devices", List.of("nvdimm0", "dimm0", "dimm1", "plugged"));
      }

      @Override
      void set(DoorsTest test) {
        test.change(ADDED, "dump", "off");
      }

      @Override
      void use(DoorsTest test) {
        test.change(MachineFixture.SHARED, "allocator.target", "(backend.kind=file)");
      }

      @Override
      void swap(DoorsTest test, Path target) {
        test.change(MachineFixture.SHARED, "mem-path", target.toString());
      }

      @Override
      void unplug(DoorsTest test) {
        test.machine.delete(PLUGGED);
      }

      @Override
      void remove(DoorsTest test) {
        test.machine.delete(ADDED);
      }
    },
    SERVICE {
      @Override
      void add(DoorsTest test) throws Exception {
        test.admin.addObject("memory-backend-ram", Map.of("id", "added", "size", "1M"));
      }

      @Override
      void plug(DoorsTest test) throws Exception {
        test.admin.plug("pc-dimm", Map.of("id", "plugged", "memdev", "added"));
      }

      @Override
      void set(DoorsTest test) throws Exception {
        test.admin.set("added", "dump", "off");
      }

      @Override
      void use(DoorsTest test) throws Exception {
        test.admin.use("shared", "(backend.kind=file)");
      }

      @Override
      void swap(DoorsTest test, Path target) throws Exception {
        assertEquals(
            SwapPhase.DONE,
            test.admin
                .swap("shared", Map.of("mem-path", target.toString()), SwapLimits.DEFAULT)
                .await(Duration.ofMinutes(1))
                .phase());
      }

      @Override
      void unplug(DoorsTest test) throws Exception {
        test.admin.requestUnplug("plugged");
      }

      @Override
      void remove(DoorsTest test) throws Exception {
        test.admin.removeObject("added");
      }
    };

    abstract void add(DoorsTest test) throws Exception;

    abstract void plug(DoorsTest test) throws Exception;

    abstract void set(DoorsTest test) throws Exception;

    abstract void use(DoorsTest test) throws Exception;

    abstract void swap(DoorsTest test, Path target) throws Exception;

    abstract void unplug(DoorsTest test) throws Exception;

    abstract void remove(DoorsTest test) throws Exception;
  }

  @BeforeEach
  void open() throws IOException {
    machine.bringUp();
    Path run = Files.createTempDirectory("doors"); // a socket's path is at most 107 bytes long
    socket = run.resolve("q");
    machine.configure(QMP, Map.of("path", socket.toString()));
    Await.until("listening", this::isDoorListed, listening -> listening);
  }

  @AfterEach
  void close() throws IOException {
    machine.delete(QMP);
    Await.until("closed", () -> isDoorListed() || Files.exists(socket), there -> !there);
    Files.delete(socket.getParent());
  }

  /**
   * Its service is there when Declarative Services are done with it. A configuration that comes and
   * goes while they are not may be missed by them.
   */
  private boolean isDoorListed() {
    return admin.summary().doors().stream()
        .anyMatch(door -> door.toString().contains(socket.toString()));
  }

  private void shell(String command, String part) {
    String said = machine.run(command);
    assertTrue(said.contains(part), said);
  }

  private String qmp(String command, String arguments) throws IOException {
    try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      BufferedReader answers = listen(client);
      send(client, "{'execute':'" + command + "','arguments':{" + arguments + "},'id':2}");
      String answer = await(answers, "\"id\":2");
      assertTrue(answer.contains("\"return\":"), command + ": " + answer);
      return answer;
    }
  }

  /** Connects a client; returns what it is told from now on. */
  private BufferedReader listen(SocketChannel client) throws IOException {
    client.connect(UnixDomainSocketAddress.of(socket));
    BufferedReader answers = new BufferedReader(Channels.newReader(client, UTF_8));
    answers.readLine();
    send(client, "{'execute':'qmp_capabilities','id':1}");
    await(answers, "\"id\":1");
    return answers;
  }

  private static void send(SocketChannel client, String text) throws IOException {
    client.write(ByteBuffer.wrap((text.replace('\'', '"') + "\n").getBytes(UTF_8)));
  }

  private static String await(BufferedReader answers, String part) throws IOException {
    String line = answers.readLine();
    while (!line.contains(part)) {
      line = answers.readLine();
    }
    return line;
  }

  private void list(String property, List<String> names) {
    change(MachineFixture.MACHINE, property, names.toArray(String[]::new));
  }

  private void change(String pid, String property, Object value) {
    Dictionary<String, Object> properties = machine.configured(pid);
    properties.put(property, value);
    Map<String, Object> changed = new TreeMap<>();
    properties.keys().asIterator().forEachRemaining(key -> changed.put(key, properties.get(key)));
    machine.configure(pid, changed);
  }

  private String property(String pid, String property) {
    Dictionary<String, Object> properties = machine.configured(pid);
    return properties == null ? "" : "" + properties.get(property);
  }

  /** Awaits that a question at a door is answered so, since a configuration is followed later. */
  private static void reads(
      String what, String part, boolean there, Callable<@Nullable String> question) {
    Await.until(
        what + (there ? " with " : " without ") + part,
        () -> {
          try {
            return Optional.ofNullable(question.call());
          } catch (Exception | AssertionError e) {
            return Optional.<String>empty();
          }
        },
        said -> said.isPresent() && said.get().contains(part) == there);
  }

  private void assertListed(String id, String device, boolean there) {
    reads("shell", id + " ", there, () -> machine.run("ram:list"));
    String quoted = "\"" + id + "\"";
    reads(
        "QMP",
        quoted,
        there,
        () -> device.isEmpty() ? qmp("query-memdev", "") : qmp("query-memory-devices", ""));
    reads(
        "service",
        "'" + id + "'",
        there,
        () ->
            device.isEmpty()
                ? "" + admin.objects().stream().map(one -> "'" + one.id() + "'").toList()
                : "" + admin.devices().stream().map(one -> "'" + one.id() + "'").toList());
    reads("configuration", id, there, () -> property(device.isEmpty() ? ADDED : PLUGGED, "id"));
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("what is added, plugged, set, swapped, unplugged and removed at one door")
  void each(Door door) throws Exception {
    door.add(this);
    assertListed("added", "", true);
    door.plug(this);
    assertListed("plugged", "device", true);

    door.set(this);
    reads("shell", "dump=off", true, () -> machine.run("ram:show added"));
    reads(
        "QMP",
        "\"return\":false",
        true,
        () -> qmp("qom-get", "'path':'/objects/added','property':'dump'"));
    reads("service", "off", true, () -> admin.object("added").properties().get("dump"));
    reads("configuration", "off", true, () -> property(ADDED, "dump"));

    door.use(this);
    reads("shell", "allocator file", true, () -> machine.run("ram:show shared"));
    reads("QMP", "(backend.kind=file)", true, () -> qmp("x-holdfast-query-backends", ""));
    reads("service", "(backend.kind=file)", true, () -> admin.object("shared").filter());
    reads(
        "configuration",
        "(backend.kind=file)",
        true,
        () -> property(MachineFixture.SHARED, "allocator.target"));

    Path target = machine.folder().resolve("moved.img");
    door.swap(this, target);
    reads("shell", "moved.img", true, () -> machine.run("ram:show shared"));
    reads(
        "QMP",
        "moved.img",
        true,
        () -> qmp("qom-get", "'path':'/objects/shared','property':'mem-path'"));
    reads("service", "moved.img", true, () -> "" + admin.object("shared").backing());
    reads("configuration", "moved.img", true, () -> property(MachineFixture.SHARED, "mem-path"));

    door.unplug(this);
    assertListed("plugged", "device", false);
    door.remove(this);
    assertListed("added", "", false);
  }

  /** A guest that answers at once. */
  private static final class Guest implements GuestControl {
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final Consumer<Ejection> answer;

    Guest(Consumer<Ejection> answer) {
      this.answer = answer;
    }

    @Override
    public String name() {
      return "guest";
    }

    @Override
    public void requestEjection(Ejection ejection) {
      asked.add(ejection.device().id());
      answer.accept(ejection);
    }

    @Override
    public void reset() {
      asked.add("reset");
    }
  }

  private static ServiceRegistration<GuestControl> register(Guest guest) {
    BundleContext context = FrameworkUtil.getBundle(DoorsTest.class).getBundleContext();
    return context.registerService(GuestControl.class, guest, null);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "where an emulator can ask the guest, each door asks, and the guest's answer decides")
  void asksTheGuest(Door door) throws Exception {
    door.add(this);
    door.plug(this);
    assertListed("plugged", "device", true);
    Guest guest = new Guest(Ejection::eject);
    ServiceRegistration<GuestControl> registration = register(guest);
    try {
      door.unplug(this);
      assertListed("plugged", "device", false);
      assertEquals(List.of("plugged"), guest.asked);
    } finally {
      registration.unregister();
    }
    door.remove(this);
    assertListed("added", "", false);
  }

  @Test
  @DisplayName("a guest that keeps a device is told of, by event too; force takes the device away")
  void theGuestRefuses() throws Exception {
    Door.SERVICE.add(this);
    Door.SERVICE.plug(this);
    Guest guest = new Guest(ejection -> ejection.refuse("it is in use"));
    ServiceRegistration<GuestControl> registration = register(guest);
    try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      BufferedReader events = listen(client);
      shell("ram:device_del plugged", "device 'plugged' stays plugged: it is in use");
      String kept = await(events, "\"DEVICE_UNPLUG_GUEST_ERROR\"");
      assertTrue(kept.contains("\"plugged\""), kept);
      qmp("device_del", "'id':'plugged'");
      await(events, "\"DEVICE_UNPLUG_GUEST_ERROR\"");
      assertListed("plugged", "device", true);
      shell("ram:system_reset", "the guest starts again");
      qmp("system_reset", "");
      await(events, "\"RESET\"");
      await(events, "\"RESET\"");
      assertEquals(List.of("plugged", "plugged", "reset", "reset"), guest.asked);
      shell("ram:system_powerdown", "it has no power button");
      shell("ram:device_del plugged -force", "was unplugged");
      assertTrue(await(events, "\"DEVICE_DELETED\"").contains("\"plugged\""));
      assertListed("plugged", "device", false);
    } finally {
      registration.unregister();
    }
    shell("ram:system_reset", "the emulator has to register a GuestControl");
    Door.SERVICE.remove(this);
  }

  /** Restarts the machine at one door. */
  private void restart(Door door) throws Exception {
    switch (door) {
      case SHELL -> shell("machine:restart", "the machine is up");
      case QMP -> assertTrue(qmp("x-holdfast-restart", "").contains("\"running\""));
      case SERVICE -> assertEquals(MachineStatus.Phase.UP, admin.restart().phase());
      case CONFIGURATION -> {
        Dictionary<String, Object> properties = machine.configured(MachineFixture.MACHINE);
        machine.delete(MachineFixture.MACHINE);
        Map<String, Object> same = new TreeMap<>();
        properties.keys().asIterator().forEachRemaining(key -> same.put(key, properties.get(key)));
        Await.until("ended", () -> "" + admin.status(), said -> said.contains("UNCONFIGURED"));
        machine.configure(MachineFixture.MACHINE, same);
      }
    }
    machine.awaitUp();
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("restarted at one door: what was added is there, and what the file holds")
  void restarts(Door door) throws Exception {
    Door.SHELL.add(this);
    MemorySegment before = machine.region("shared").segment();
    before.fill((byte) 7);

    restart(door);

    assertFalse(before.scope().isAlive());
    assertEquals(7, machine.region("shared").segment().get(ValueLayout.JAVA_BYTE, 4096));
    assertListed("added", "", true);
    Door.SHELL.remove(this);
  }

  @Test
  @DisplayName(
      "a machine whose file somebody has renamed is not restarted: it would be another file")
  void notRestarted() throws Exception {
    Path moved = machine.folder().resolve("renamed.img");
    Files.move(machine.sharedFile(), moved);
    String refused = machine.run("machine:restart");
    assertTrue(refused.contains("'shared' on " + machine.sharedFile()), refused);
    assertTrue(refused.contains("renamed or replaced"), refused);
    assertFalse(Files.exists(machine.sharedFile()));
    Files.move(moved, machine.sharedFile());
    shell("machine:restart", "the machine is up");
    machine.awaitUp();
  }

  @Test
  @DisplayName("stop, cont and persist, which no configuration has")
  void withoutConfiguration() throws Exception {
    qmp("stop", "");
    reads("shell", "writers are stopped", true, () -> machine.run("ram:status"));
    assertTrue(admin.status().stopped());
    shell("ram:resume", "");
    reads("QMP", "running", true, () -> qmp("query-status", ""));
    shell("ram:persist shared 0 4K", "are durable");
    qmp("x-holdfast-persist", "'id':'shared','offset':0,'size':4096");
    admin.persist("shared", 0, 4096);
  }
}
