package holdfast.itest;

import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * An operator who has ConfigAdmin and a shell and nothing else, and the machine that comes of it.
 */
final class MachineFixture {
  /** The PID of the machine's configuration. */
  static final String MACHINE = "holdfast.machine";

  /** A file on storage, {@code share=on,pmem=on}: what both allocators take. */
  static final String SHARED = "holdfast.memory.backend.file~shared";

  /** A file, {@code share=off}. */
  static final String PRIVATE = "holdfast.memory.backend.file~private";

  /** Plain memory. */
  static final String ANONYMOUS = "holdfast.memory.backend.ram~anonymous";

  /** An nvdimm with a label on {@link #SHARED}. */
  static final String NVDIMM = "holdfast.nvdimm~nvdimm0";

  /** A DIMM on {@link #PRIVATE}. */
  static final String PRIVATE_DIMM = "holdfast.pc.dimm~dimm0";

  /** A DIMM on {@link #ANONYMOUS}. */
  static final String ANONYMOUS_DIMM = "holdfast.pc.dimm~dimm1";

  private static final Pattern ATTACHED = Pattern.compile("state +(.*)");

  private final BundleContext context;
  private final ConfigurationAdmin configurations;
  private final CommandProcessor shell;
  private final Path folder;
  private final List<MemorySegment> windows = new ArrayList<>();

  /**
   * @param folder where the files of the memory backends are
   */
  MachineFixture(
      BundleContext context,
      ConfigurationAdmin configurations,
      CommandProcessor shell,
      Path folder) {
    this.context = context;
    this.configurations = configurations;
    this.shell = shell;
    this.folder = folder;
  }

  /** The folder for files. */
  Path folder() {
    return folder;
  }

  /** The file of {@link #SHARED}. */
  Path sharedFile() {
    return folder.resolve("shared.img");
  }

  /** The file of {@link #PRIVATE}. */
  Path privateFile() {
    return folder.resolve("private.img");
  }

  /** Everything that a machine with all kinds of backends and devices is configured with. */
  Map<String, Map<String, Object>> standard() {
    Map<String, Map<String, Object>> all = new LinkedHashMap<>();
    all.put(
        MACHINE,
        Map.of(
            "type",
            "pc",
            "nvdimm",
            true,
            "size",
            "8M",
            "slots",
            4,
            "maxmem",
            "1G",
            "objects",
            new String[] {"shared", "private", "anonymous"},
            "devices",
            List.of("nvdimm0", "dimm0", "dimm1")));
    all.put(
        SHARED,
        Map.of(
            "id",
            "shared",
            "mem-path",
            sharedFile().toString(),
            "size",
            "16M",
            "share",
            "on",
            "pmem",
            "on"));
    all.put(
        PRIVATE, Map.of("id", "private", "mem-path", privateFile().toString(), "size", 4L << 20));
    all.put(ANONYMOUS, Map.of("id", "anonymous", "size", "4M"));
    all.put(NVDIMM, Map.of("id", "nvdimm0", "memdev", "shared", "label-size", "128K"));
    all.put(PRIVATE_DIMM, Map.of("id", "dimm0", "memdev", "private"));
    all.put(ANONYMOUS_DIMM, Map.of("id", "dimm1", "memdev", "anonymous"));
    return all;
  }

  /** Configures all of {@link #standard()} and waits until it is up. */
  GuestMemory bringUp() {
    standard().forEach(this::configure);
    return awaitUp();
  }

  /** Writes one configuration, new or changed. */
  void configure(String pid, Map<String, ?> properties) {
    try {
      configuration(pid).update(new Hashtable<>(properties));
    } catch (IOException e) {
      throw new AssertionError(pid, e);
    }
  }

  /** The properties of a configuration. */
  Dictionary<String, Object> configured(String pid) {
    try {
      return configuration(pid).getProperties();
    } catch (IOException e) {
      throw new AssertionError(pid, e);
    }
  }

  /** Deletes one configuration. */
  void delete(String pid) {
    try {
      configuration(pid).delete();
    } catch (IOException e) {
      throw new AssertionError(pid, e);
    }
  }

  private Configuration configuration(String pid) throws IOException {
    int name = pid.indexOf('~');
    return name < 0
        ? configurations.getConfiguration(pid, "?")
        : configurations.getFactoryConfiguration(
            pid.substring(0, name), pid.substring(name + 1), "?");
  }

  /** The service, if it is registered. */
  Optional<GuestMemory> guestMemory() {
    ServiceReference<GuestMemory> reference = context.getServiceReference(GuestMemory.class);
    return Optional.ofNullable(reference).map(context::getService);
  }

  /** Waits until the machine is up. */
  GuestMemory awaitUp() {
    Await.until("up", () -> run("ram:list"), text -> text.contains("ADDRESS "));
    GuestMemory memory = guestMemory().orElseThrow();
    for (MemoryDevice device : memory.devices()) {
      windows.add(device.region().segment());
    }
    return memory;
  }

  /**
   * Waits until the machine is not up and says why, in a sentence that has all of {@code parts}.
   */
  String awaitReason(String... parts) {
    String reason =
        Await.until(
            "down because of " + List.of(parts),
            () -> run("ram:list"),
            text -> List.of(parts).stream().allMatch(text::contains));
    // its component is no longer found a moment before it takes the guest memory back
    Await.until("no guest memory, since " + reason, this::guestMemory, Optional::isEmpty);
    return reason;
  }

  /** The region of a memory backend of the machine that is up. */
  MemoryRegion region(String id) {
    return guestMemory().orElseThrow().devices().stream()
        .map(MemoryDevice::region)
        .filter(region -> region.id().value().equals(id))
        .findFirst()
        .orElseThrow();
  }

  /** The device of the machine that is up. */
  MemoryDevice device(String id) {
    return guestMemory().orElseThrow().devices().stream()
        .filter(device -> device.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  /** The line about a region's state in {@code ram:show}. */
  String state(String id) {
    String shown = run("ram:show " + id);
    Matcher matcher = ATTACHED.matcher(shown);
    return matcher.find() ? matcher.group(1) : shown;
  }

  /** What a shell command answers: its result or the sentence with which it refuses. */
  String run(String command) {
    try (CommandSession session =
        shell.createSession(
            new ByteArrayInputStream(new byte[0]),
            OutputStream.nullOutputStream(),
            OutputStream.nullOutputStream())) {
      return String.valueOf(session.execute(command));
    } catch (Exception e) {
      return e.toString();
    }
  }

  /** Deletes a configuration, unless the machine, which may own it, has just done so. */
  private static void delete(Configuration configuration) throws IOException {
    try {
      configuration.delete();
    } catch (IllegalStateException e) {
      // it is deleted
    }
  }

  /**
   * Deletes every configuration, so that the machine ends, and waits until it has. Its own goes
   * first: otherwise its devices would be unplugged one by one.
   */
  void takeDown() {
    try {
      Configuration[] own = configurations.listConfigurations("(service.pid=" + MACHINE + ")");
      if (own != null) {
        own[0].delete();
      }
      Configuration[] all = configurations.listConfigurations("(service.pid=holdfast.*)");
      if (all != null) {
        for (Configuration configuration : all) {
          delete(configuration);
        }
      }
    } catch (IOException | InvalidSyntaxException e) {
      throw new AssertionError(e);
    }
    Await.until("ended", () -> run("ram:list"), text -> text.contains("no machine is configured"));
    Await.until("let go of", this::held, List::isEmpty);
  }

  /** What the process holds of files in the folder and of every window that there ever was. */
  List<String> held() {
    List<String> held = new ArrayList<>(Footprint.mappedFrom(folder));
    held.addAll(Footprint.openIn(folder));
    for (MemorySegment window : windows) {
      held.addAll(Footprint.windowOf(window));
    }
    return held;
  }
}
