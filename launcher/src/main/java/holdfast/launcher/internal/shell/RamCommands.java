package holdfast.launcher.internal.shell;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.PreallocationException;
import holdfast.launcher.internal.machine.BackendConfigurations;
import holdfast.launcher.internal.machine.Machine;
import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineException;
import holdfast.launcher.internal.machine.MachineState;
import holdfast.launcher.internal.machine.MemoryBackendComponent;
import holdfast.launcher.internal.machine.OpenBackend;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.PropertyType;
import holdfast.launcher.internal.region.Region;
import holdfast.launcher.internal.report.BackendReport;
import holdfast.launcher.internal.report.DeviceReport;
import holdfast.launcher.internal.report.Screen;
import holdfast.machine.api.RegionState;
import java.io.IOException;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** {@code ram:list}, {@code ram:show}, {@code ram:use}, {@code ram:set}, {@code ram:persist}. */
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

  private final BackendConfigurations configurations;

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  volatile @Nullable MachineComponent machineComponent;

  /** For Declarative Services. */
  @Activate
  public RamCommands(@Reference ConfigurationAdmin configurations) {
    this.configurations = new BackendConfigurations(configurations);
  }

  /** {@code ram:list}. */
  @Descriptor("lists the memory backends and what stands where in guest memory")
  public String list() {
    Machine machine = machine();
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

  /** {@code ram:show ID}. */
  @Descriptor("shows all that is known of one memory backend")
  public String show(@Descriptor("the id of the memory backend") String id) {
    Screen screen = new Screen();
    new BackendReport(backend(id)).show(screen);
    return screen.toString();
  }

  /** {@code ram:use ID FILTER}. */
  @Descriptor(
      "chooses the allocator for one memory backend; re-maps it live if that is another one")
  public String use(
      @Descriptor("the id of the memory backend") String id,
      @Descriptor(
              "an OSGi filter on the allocator's service properties, in quotes, such as"
                  + " '(backend.kind=file)'; a kind, such as file; or * for any allocator")
          String filter)
      throws IOException {
    OpenBackend backend = backend(id);
    Region region = backend.region();
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
    Filter wish = filter.equals(ANY) ? null : parse(filter);
    if (wish != null && region.eligible(wish) == 0) {
      String present = region.status().allocator();
      throw new CommandFailure(
          "no allocator that takes memory backend '"
              + id
              + "' matches "
              + wish
              + "; it stays "
              + (present.isEmpty() ? "detached" : "with " + present));
    }
    region.use(wish);
    configurations.put(
        backend, MemoryBackendComponent.ALLOCATOR_TARGET, wish == null ? null : wish.toString());
    return show(id);
  }

  /** {@code ram:set ID PROPERTY VALUE}. */
  @Descriptor("changes a property of a memory backend while it is in use, such as dump or prealloc")
  public String set(
      @Descriptor("the id of the memory backend") String id,
      @Descriptor("the property: discard-data, merge, dump or prealloc") String property,
      @Descriptor("its value, as on the command line") String value)
      throws IOException, PreallocationException {
    OpenBackend backend = backend(id);
    String printed;
    try {
      printed = backend.set(property, value);
    } catch (OptionException e) {
      throw new CommandFailure("memory backend '" + id + "': " + e.getMessage());
    } catch (MachineException e) {
      throw new CommandFailure("" + e.getMessage());
    }
    configurations.put(backend, property, printed);
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
                + " holds from the next start on");
  }

  /** {@code ram:persist ID}. */
  @Descriptor("makes a whole memory backend durable")
  public String persist(@Descriptor("the id of the memory backend") String id)
      throws PersistException {
    Region region = backend(id).region();
    return persist(region, 0, region.size().bytes());
  }

  /** {@code ram:persist ID OFFSET LENGTH}. */
  @Descriptor("makes a range of a memory backend durable")
  public String persist(
      @Descriptor("the id of the memory backend") String id,
      @Descriptor("the first byte, as a number or a size such as 4K") String offset,
      @Descriptor("how many bytes, as a number or a size") String length)
      throws PersistException {
    return persist(backend(id).region(), bytes("offset", offset), bytes("length", length));
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

  private static Filter parse(String text) {
    String filter = text.startsWith("(") ? text : "(backend.kind=" + text + ")";
    try {
      return FrameworkUtil.createFilter(filter);
    } catch (InvalidSyntaxException e) {
      throw new CommandFailure(
          text + " is not an OSGi filter: write one in quotes, such as '(backend.kind=file)'");
    }
  }

  private OpenBackend backend(String id) {
    Machine machine = machine();
    return machine
        .find(id)
        .orElseThrow(
            () ->
                new CommandFailure(
                    "there is no memory backend '" + id + "'; ram:list shows those there are"));
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
      case MachineState.Incomplete(var missing) ->
          throw new CommandFailure("the machine is not up yet: not configured: " + missing);
      case MachineState.Starting starting ->
          throw new CommandFailure("the machine is just coming up");
      case MachineState.Ended ended -> throw new CommandFailure("the machine has ended");
    };
  }
}
