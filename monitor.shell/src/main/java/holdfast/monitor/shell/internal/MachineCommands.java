package holdfast.monitor.shell.internal;

import holdfast.machine.admin.Added;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.Retention;
import holdfast.machine.admin.Unplugging.Kept;
import holdfast.machine.admin.Unplugging.Outcome;
import holdfast.machine.admin.Unplugging.Unplugged;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypedOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The commands that change what the machine is made of, in the words of QEMU's monitor: {@code
 * ram:object_add}, {@code ram:object_del}, {@code ram:device_add}, {@code ram:device_del}, {@code
 * ram:system_reset}, {@code ram:system_powerdown}; {@code ram:pause} and {@code ram:resume}, since
 * {@code stop} is the framework's word for a bundle; {@code ram:status}.
 */
@Component(
    service = MachineCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=object_add",
      "osgi.command.function=object_del",
      "osgi.command.function=device_add",
      "osgi.command.function=device_del",
      "osgi.command.function=system_reset",
      "osgi.command.function=system_powerdown",
      "osgi.command.function=pause",
      "osgi.command.function=resume",
      "osgi.command.function=status"
    })
public final class MachineCommands {
  /** The option that takes a device away without the guest. */
  static final String FORCE = "-force";

  private static final String TIMEOUT = "-timeout";

  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public MachineCommands(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  /** Runs {@code ram:object_add TYPE,id=ID,…}. */
  @Descriptor("opens another memory backend while the guest runs")
  public String object_add(
      @Descriptor(
              """
              TYPE,id=ID,PROPERTIES
                  as for -object, such as memory-backend-ram,id=m1,size=64M; TYPE,help explains;
                  JSON in quotes does as well\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:object_add",
        () ->
            add(
                BackendDefinitions.OPTION,
                Arguments.read(Forms.OBJECT_ADD, arguments)
                    .words("TYPE,id=ID,PROPERTIES")
                    .getFirst(),
                this::addObject));
  }

  /** Runs {@code ram:device_add DRIVER,memdev=ID,…}. */
  @Descriptor("plugs a device while the guest runs")
  public String device_add(
      @Descriptor(
              """
              DRIVER,memdev=ID,PROPERTIES
                  as for -device, such as nvdimm,id=nv1,memdev=m1; DRIVER,help explains;
                  JSON in quotes does as well\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:device_add",
        () ->
            add(
                DeviceDefinitions.OPTION,
                Arguments.read(Forms.DEVICE_ADD, arguments)
                    .words("DRIVER,memdev=ID,PROPERTIES")
                    .getFirst(),
                this::plug));
  }

  /** Adds an object or device of a type. */
  private interface Adding {
    /** Returns the answer. */
    String add(String type, Map<String, String> properties) throws AdminException;
  }

  private static String add(TypedOption option, String text, Adding adding)
      throws OptionException, AdminException {
    return switch (option.parse(text)) {
      case HelpText help -> help.text();
      case ParsedObject parsed -> adding.add(parsed.typeName(), parsed.exactTexts());
    };
  }

  private String addObject(String type, Map<String, String> properties) throws AdminException {
    Added<ObjectStatus> added = admin.addObject(type, properties);
    return "memory backend '" + added.status().id() + "' was added" + limit(added.retention());
  }

  private String plug(String driver, Map<String, String> properties) throws AdminException {
    Added<DeviceStatus> added = admin.plug(driver, properties);
    return "device '"
        + added.status().id()
        + "' was plugged at "
        + added.status().address()
        + limit(added.retention());
  }

  private static String limit(Retention retention) {
    return retention.isStored() ? "" : "; this holds " + retention.limit();
  }

  /** Returns the end of an answer about what was removed, with its configuration. */
  private static String gone(Retention retention) {
    return retention.place().isEmpty()
        ? limit(retention)
        : ", and " + retention.place() + " is deleted";
  }

  /** Runs {@code ram:object_del ID}. */
  @Descriptor(
      "closes a memory backend that no device uses, and deletes its configuration; what it holds stays")
  public String object_del(@Descriptor("ID: the id of the memory backend") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:object_del",
        () -> {
          String id = Arguments.read(Forms.OBJECT_DEL, arguments).words("ID").getFirst();
          return "memory backend '" + id + "' was removed" + gone(admin.removeObject(id));
        });
  }

  /** Runs {@code ram:device_del ID}. */
  @Descriptor(
      "unplugs a device when the guest has given it up, and deletes its configuration; at once if the"
          + " emulator has no way to ask the guest")
  public String device_del(
      @Descriptor(
              """
              ID [OPTIONS]
                  ID          the id of the device
                  -force      at once, without asking the guest: stop its use of it first
                  -timeout S  how many seconds to wait for the guest (default 10)\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:device_del", () -> unplug(Arguments.read(Forms.DEVICE_DEL, arguments)));
  }

  private String unplug(Arguments arguments) throws AdminException, InterruptedException {
    String id = arguments.words("ID").getFirst();
    if (arguments.has(FORCE)) {
      return unplugged(id, admin.unplug(id));
    }
    int seconds = arguments.number(TIMEOUT, 10, 0);
    Optional<Outcome> outcome = admin.requestUnplug(id).await(Duration.ofSeconds(seconds));
    if (outcome.isEmpty()) {
      throw new CommandFailure(
          "the guest was asked to give up device '"
              + id
              + "', and has not answered within "
              + seconds
              + " s; the device goes when it does. To take it away at once, write ram:device_del "
              + id
              + " "
              + FORCE);
    }
    return switch (outcome.get()) {
      case Unplugged(Retention retention) -> unplugged(id, retention);
      case Kept(String reason) ->
          throw new CommandFailure(
              "device '"
                  + id
                  + "' stays plugged: "
                  + reason
                  + "; free its memory in the guest and try again, or take it away with "
                  + FORCE);
    };
  }

  private static String unplugged(String id, Retention retention) {
    return "device '" + id + "' was unplugged" + gone(retention);
  }

  /** Runs {@code ram:system_reset}. */
  @Descriptor("starts the guest again, as a reset button does; its memory stays as it is")
  public String system_reset(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:system_reset",
        () -> {
          Arguments.read("ram:system_reset", arguments).words();
          admin.resetGuest();
          return "the guest starts again";
        });
  }

  /** Runs {@code ram:system_powerdown}. */
  @Descriptor("asks the guest to shut down, as a power button does")
  public String system_powerdown(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:system_powerdown",
        () -> {
          Arguments.read("ram:system_powerdown", arguments).words();
          admin.powerDownGuest();
          return "the guest was asked to shut down";
        });
  }

  /** Runs {@code ram:pause}. */
  @Descriptor("pauses all guest writers until ram:resume")
  public String pause(@Descriptor("no arguments") Object... arguments) throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:pause",
        () -> {
          Arguments.read("ram:pause", arguments).words();
          admin.stop();
          return status(admin.status());
        });
  }

  /** Runs {@code ram:resume}. */
  @Descriptor("resumes the guest writers")
  public String resume(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:resume",
        () -> {
          Arguments.read("ram:resume", arguments).words();
          admin.cont();
          return status(admin.status());
        });
  }

  /** Runs {@code ram:status}. */
  @Descriptor("says whether the machine is up, and if not, why")
  public String status(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:status",
        () -> {
          Arguments.read("ram:status", arguments).words();
          return status(admin.status());
        });
  }

  private static String status(MachineStatus status) {
    return status.sentence();
  }
}
