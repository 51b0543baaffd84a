package holdfast.monitor.shell.internal;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.PropertyChange;
import holdfast.machine.admin.Retention;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.PropertyType;
import holdfast.monitor.shell.report.DeviceReport;
import holdfast.monitor.shell.report.ObjectReport;
import holdfast.monitor.shell.report.OptionsReport;
import holdfast.monitor.shell.report.Screen;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The commands that look at memory backends and devices, and change them: {@code ram:list}, {@code
 * ram:show}, {@code ram:options}, {@code ram:use}, {@code ram:set}, {@code ram:persist} and {@code
 * ram:evacuate}.
 */
@Component(
    service = RamCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=list",
      "osgi.command.function=show",
      "osgi.command.function=options",
      "osgi.command.function=use",
      "osgi.command.function=persist",
      "osgi.command.function=set",
      "osgi.command.function=evacuate"
    })
public final class RamCommands {
  /** The option that writes files. */
  static final String FILES = "-files";

  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public RamCommands(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  /** Runs {@code ram:list}. */
  @Descriptor("lists the memory backends and what stands where in guest memory")
  public String list(@Descriptor("no arguments") Object... arguments) throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:list",
        () -> {
          Arguments.read("ram:list", arguments).words();
          return list(admin.objects(), admin.devices());
        });
  }

  private static String list(List<ObjectStatus> objects, List<DeviceStatus> devices) {
    Screen screen = new Screen();
    screen.table(
        ObjectReport.COLUMNS,
        objects.stream().map(object -> new ObjectReport(object).row()).toList());
    screen.heading("");
    screen.table(
        DeviceReport.COLUMNS, devices.stream().map(d -> new DeviceReport(d).row()).toList());
    return screen.toString();
  }

  /** Runs {@code ram:show} and {@code ram:show ID}. */
  @Descriptor("shows all that is known of one memory backend, or of each")
  public String show(
      @Descriptor("[ID]: the id of the memory backend; left out: all") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:show",
        () -> {
          Optional<String> id = Arguments.read(Forms.SHOW, arguments).atMostOne();
          return id.isPresent() ? show(id.get()) : showAll();
        });
  }

  private String showAll() throws AdminException {
    Screen screen = new Screen();
    admin.objects().forEach(object -> new ObjectReport(object).show(screen));
    return screen.toString();
  }

  private String show(String id) throws AdminException {
    Screen screen = new Screen();
    new ObjectReport(admin.object(id)).show(screen);
    return screen.toString();
  }

  /** Runs {@code ram:options [-files FOLDER]}. */
  @Descriptor("shows the options that start this machine as it is now, ready for a shell")
  public String options(
      @Descriptor(
              """
              [-files FOLDER]
                  -files FOLDER   writes it as configuration files instead, for Felix File Install;
                                  a path where nothing is yet; a relative one begins in the
                                  folder in which the machine was started\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:options",
        () -> {
          Arguments read = Arguments.read(Forms.OPTIONS, arguments);
          read.words();
          return read.has(FILES) ? written(folder(read)) : OptionsReport.text(admin.options());
        });
  }

  /** Returns the folder that {@code -files} names. */
  static Path folder(Arguments read) {
    String folder = read.value(FILES, "");
    try {
      return Path.of(folder);
    } catch (InvalidPathException e) {
      throw new CommandFailure(FILES + " " + folder + " is no path: " + e.getReason());
    }
  }

  private String written(Path folder) throws AdminException {
    StringBuilder lines = new StringBuilder();
    Path there = folder.toAbsolutePath(); // who asks may be in another folder
    admin.writeFiles(folder).forEach(name -> lines.append(there.resolve(name)).append('\n'));
    return lines.toString();
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
          List<String> words = Arguments.read(Forms.USE, arguments).words("ID", "FILTER");
          return use(words.get(0), words.get(1));
        });
  }

  private String use(String id, String filter) throws AdminException {
    Retention retention = admin.use(id, filter);
    return show(id) + (retention.isStored() ? "" : "this holds " + retention.limit() + "\n");
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
              Arguments.read(Forms.SET, arguments).words("ID", "PROPERTY", "VALUE");
          return set(words.get(0), words.get(1), words.get(2));
        });
  }

  private String set(String id, String property, String value) throws AdminException {
    PropertyChange change = admin.set(id, property, value);
    String limit = change.retention().limit();
    return "memory backend '"
        + id
        + "': "
        + property
        + "="
        + change.inForce()
        + (change.requested().equals(change.inForce())
            ? ""
            : ", since pages that are present stay so; "
                + change.requested()
                + " holds from the next start on")
        + (limit.isEmpty() ? "" : ", " + limit);
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
          Arguments read = Arguments.read(Forms.PERSIST, arguments);
          if (read.count() <= 1) {
            String id = read.words("ID").getFirst();
            return persist(id, 0, admin.object(id).size().bytes());
          }
          List<String> words = read.words("ID", "OFFSET", "LENGTH");
          return persist(
              words.get(0), bytes("offset", words.get(1)), bytes("length", words.get(2)));
        });
  }

  private String persist(String id, long offset, long length) throws AdminException {
    Granularity held = admin.persist(id, offset, length);
    return held == Granularity.NONE
        ? "nothing was made durable: " + admin.object(id).durability().reason()
        : length + " bytes from offset " + offset + " are durable (granularity " + held + ")";
  }

  /** Returns the bytes that a word stands for. */
  static long bytes(String name, String text) {
    try {
      ByteSize size = PropertyType.size().parse(text);
      return size.bytes();
    } catch (OptionException e) {
      throw new CommandFailure(name + "=" + e.getMessage());
    }
  }

  /** Runs {@code ram:evacuate ID FILE}. */
  @Descriptor("copies what can still be read of a memory backend that has failed to a file")
  public String evacuate(
      @Descriptor(
              """
              ID FILE
                  ID     the id of the memory backend
                  FILE   a file that doesn't exist yet; FILE.lost.json lists what could not be read\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:evacuate",
        () -> {
          List<String> words = Arguments.read(Forms.EVACUATE, arguments).words("ID", "FILE");
          admin.evacuate(words.get(0), path(words.get(1)));
          return "started; ram:show " + words.get(0) + " says what becomes of it";
        });
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new CommandFailure("FILE " + text + " is not a path: " + e.getReason());
    }
  }
}
