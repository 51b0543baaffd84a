package holdfast.launcher.internal.shell;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.PreallocationException;
import holdfast.launcher.internal.machine.Configurations;
import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineState;
import holdfast.launcher.internal.machine.OsgiFilter;
import holdfast.launcher.internal.report.BackendReport;
import holdfast.launcher.internal.report.DeviceReport;
import holdfast.launcher.internal.report.Screen;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.Region;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * The commands {@code ram:list}, {@code ram:show}, {@code ram:use}, {@code ram:set} and {@code
 * ram:persist}.
 */
@Component(
    service = RamCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=list",
      "osgi.command.function=show",
      "osgi.command.function=use",
      "osgi.command.function=persist",
      "osgi.command.function=set"
    })
public final class RamCommands {
  private static final String ANY = "*";

  private final Configurations configurations;

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  volatile @Nullable MachineComponent machineComponent;

  /** Called by Declarative Services. */
  @Activate
  public RamCommands(@Reference ConfigurationAdmin configurations) {
    this.configurations = new Configurations(configurations);
  }

  /** Runs {@code ram:list}. */
  @Descriptor("lists the memory backends and what stands where in guest memory")
  public String list(@Descriptor("nothing") Object... arguments) throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:list",
        () -> {
          Arguments.read("ram:list", arguments).words();
          return list(machine());
        });
  }

  private static String list(Machine machine) {
    Screen screen = new Screen();
    screen.table(
        BackendReport.COLUMNS,
        machine.backends().stream().map(backend -> new BackendReport(backend).row()).toList());
    screen.heading("");
    screen.table(
        DeviceReport.COLUMNS,
        machine.memory().devices().stream().map(d -> new DeviceReport(d).row()).toList());
    return screen.toString();
  }

  /** Runs {@code ram:show ID}. */
  @Descriptor("shows all that is known of one memory backend")
  public String show(@Descriptor("ID: the id of the memory backend") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:show",
        () -> show(backend(Arguments.read("ram:show ID", arguments).words("ID").getFirst())));
  }

  private static String show(Backend backend) {
    Screen screen = new Screen();
    new BackendReport(backend).show(screen);
    return screen.toString();
  }

  /** Runs {@code ram:use ID FILTER}. */
  @Descriptor(
      "chooses the allocator for one memory backend; re-maps it live if that is another one")
  public String use(
      @Descriptor(
              """
              ID FILTER
                  ID       the id of the memory backend
                  FILTER   an OSGi filter on the allocator's service properties, in quotes, such as
                           '(backend.kind=file)'; a kind, such as file; or '*' for any allocator\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:use",
        () -> {
          List<String> words = Arguments.read("ram:use ID FILTER", arguments).words("ID", "FILTER");
          return use(backend(words.get(0)), words.get(1));
        });
  }

  private String use(Backend backend, String filter) {
    Region region = backend.region();
    BackendId id = region.id();
    if (region.state() == RegionState.FAILED) {
      throw new CommandFailure(
          "memory backend '"
              + id
              + "' on "
              + region.backing()
              + " has failed ("
              + region.status().note()
              + "), and no allocator can bring back what it lost; end the guest, check the file and"
              + " its disk, and start the machine again");
    }
    AllocatorFilter wish = filter.equals(ANY) ? AllocatorFilter.ANY : parse(filter);
    if (region.eligible(wish) == 0 && !wish.text().isEmpty()) {
      String present = region.status().allocator();
      throw new CommandFailure(
          "no allocator that takes memory backend '"
              + id
              + "' matches "
              + wish.text()
              + "; it stays "
              + (present.isEmpty() ? "detached" : "with " + present));
    }
    region.use(wish);
    String until =
        put(
            backend,
            BackendDefinitions.ALLOCATOR_TARGET,
            wish.text().isEmpty() ? null : wish.text());
    return show(backend) + (until.isEmpty() ? "" : "this holds " + until + "\n");
  }

  /** Runs {@code ram:set ID PROPERTY VALUE}. */
  @Descriptor("changes a property of a memory backend while it is in use, such as dump or prealloc")
  public String set(
      @Descriptor(
              """
              ID PROPERTY VALUE
                  ID         the id of the memory backend
                  PROPERTY   discard-data, merge, dump or prealloc
                  VALUE      its value, as on the command line\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:set",
        () -> {
          List<String> words =
              Arguments.read("ram:set ID PROPERTY VALUE", arguments)
                  .words("ID", "PROPERTY", "VALUE");
          return set(backend(words.get(0)), words.get(1), words.get(2));
        });
  }

  private String set(Backend backend, String property, String value)
      throws OptionException, PreallocationException, MachineException {
    BackendId id = backend.region().id();
    String printed = backend.set(property, value);
    String until = put(backend, property, printed);
    String inForce = backend.properties().get(property);
    return "memory backend '"
        + id
        + "': "
        + property
        + "="
        + inForce
        + (printed.equals(inForce)
            ? ""
            : ", since pages that are present stay so; "
                + printed
                + " holds from the next start on")
        + (until.isEmpty() ? "" : ", " + until);
  }

  /** Runs {@code ram:persist ID} and {@code ram:persist ID OFFSET LENGTH}. */
  @Descriptor("makes a whole memory backend, or a range of it, durable")
  public String persist(
      @Descriptor(
              """
              ID or ID OFFSET LENGTH
                  ID       the id of the memory backend
                  OFFSET   the first byte, as a number or a size such as 4K
                  LENGTH   how many bytes, as a number or a size\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:persist",
        () -> {
          Arguments read =
              Arguments.read("ram:persist ID, or ram:persist ID OFFSET LENGTH", arguments);
          if (read.count() <= 1) {
            Region region = backend(read.words("ID").getFirst()).region();
            return persist(region, 0, region.size().bytes());
          }
          List<String> words = read.words("ID", "OFFSET", "LENGTH");
          return persist(
              backend(words.get(0)).region(),
              bytes("offset", words.get(1)),
              bytes("length", words.get(2)));
        });
  }

  /** Calls {@link Configurations#put}, unless no configuration declares the backend. */
  private String put(Backend backend, String key, @Nullable String value) {
    MachineComponent component = machineComponent;
    return component == null
        ? ""
        : component
            .configured(backend.region().id().value())
            .map(configured -> configurations.put(configured, key, value))
            .orElse("");
  }

  private static String persist(Region region, long offset, long length) throws PersistException {
    long size = region.size().bytes();
    if (offset > size || length > size - offset) {
      throw new CommandFailure(
          length
              + " bytes from offset "
              + offset
              + " are not within memory backend '"
              + region.id()
              + "', which has "
              + size
              + " bytes");
    }
    Granularity held = region.persist(offset, length);
    return held == Granularity.NONE
        ? "nothing was made durable: " + region.durability().reason()
        : length + " bytes from offset " + offset + " are durable (granularity " + held + ")";
  }

  private static long bytes(String name, String text) {
    try {
      ByteSize size = PropertyType.size().parse(text);
      return size.bytes();
    } catch (OptionException e) {
      throw new CommandFailure(name + "=" + e.getMessage());
    }
  }

  private static AllocatorFilter parse(String text) {
    if (text.isBlank()) {
      throw new CommandFailure(
          "an empty FILTER is none: write '*' for any allocator, a kind, such as file, or a filter,"
              + " such as '(backend.kind=file)'");
    }
    String filter = text.startsWith("(") ? text : "(backend.kind=" + text + ")";
    try {
      return OsgiFilter.parse(filter);
    } catch (InvalidSyntaxException e) {
      throw new CommandFailure(
          text + " is not an OSGi filter: write one in quotes, such as '(backend.kind=file)'");
    }
  }

  private Backend backend(String id) {
    Machine machine = machine();
    return machine.find(id).orElseThrow(() -> noBackend(id));
  }

  /** Returns the failure of a command about a memory backend that doesn't exist. */
  static CommandFailure noBackend(String id) {
    return new CommandFailure(
        "there is no memory backend '" + id + "'; ram:list shows those there are");
  }

  private Machine machine() {
    MachineComponent component = machineComponent;
    if (component == null) {
      throw new CommandFailure(
          "no machine is configured: there is no configuration " + MachineComponent.PID);
    }
    return switch (component.state()) {
      case MachineState.Up(Machine machine) -> machine;
      case MachineState.Failed(String reason) ->
          throw new CommandFailure("the machine is not up: " + reason);
      case MachineState.Waiting(String reason) ->
          throw new CommandFailure("the machine is not up yet: " + reason);
      case MachineState.Incomplete(_, String reason) ->
          throw new CommandFailure("the machine is not up yet: " + reason);
      case MachineState.Unconfigured unconfigured ->
          throw new CommandFailure(
              "no machine is configured: there is no configuration " + MachineComponent.PID);
      case MachineState.Starting starting ->
          throw new CommandFailure("the machine is just coming up");
      case MachineState.Ended ended -> throw new CommandFailure("the machine has ended");
    };
  }
}
