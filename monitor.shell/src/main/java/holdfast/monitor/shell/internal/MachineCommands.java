package holdfast.monitor.shell.internal;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.Retention;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypedOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The commands that change what the machine is made of, and stop it, in the words of QEMU's
 * monitor: {@code ram:object_add}, {@code ram:object_del}, {@code ram:device_add}, {@code
 * ram:device_del}, {@code ram:stop}, {@code ram:cont} and {@code ram:status}.
 */
@Component(
    service = MachineCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=object_add",
      "osgi.command.function=object_del",
      "osgi.command.function=device_add",
      "osgi.command.function=device_del",
      "osgi.command.function=stop",
      "osgi.command.function=cont",
      "osgi.command.function=status"
    })
public final class MachineCommands {
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
                  as for -object, such as memory-backend-ram,id=m1,size=64M; TYPE,help explains\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:object_add",
        () ->
            add(
                BackendDefinitions.OPTION,
                Arguments.read("ram:object_add TYPE,id=ID,PROPERTIES", arguments)
                    .words("TYPE,id=ID,PROPERTIES")
                    .getFirst(),
                admin::addObject,
                "memory backend"));
  }

  /** Runs {@code ram:device_add DRIVER,memdev=ID,…}. */
  @Descriptor("plugs a device while the guest runs, which isn't told of it yet")
  public String device_add(
      @Descriptor(
              """
              DRIVER,memdev=ID,PROPERTIES
                  as for -device, such as nvdimm,id=nv1,memdev=m1; DRIVER,help explains\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:device_add",
        () ->
            add(
                DeviceDefinitions.OPTION,
                Arguments.read("ram:device_add DRIVER,memdev=ID,PROPERTIES", arguments)
                    .words("DRIVER,memdev=ID,PROPERTIES")
                    .getFirst(),
                admin::plug,
                "device"));
  }

  /** Adds an object or device of a type. */
  private interface Adding {
    Retention add(String type, Map<String, String> properties) throws AdminException;
  }

  private static String add(TypedOption option, String text, Adding adding, String kind)
      throws OptionException, AdminException {
    return switch (option.parse(text)) {
      case HelpText help -> help.text();
      case ParsedObject parsed -> {
        Map<String, String> properties = new LinkedHashMap<>(parsed.texts());
        Retention retention = adding.add(parsed.typeName(), properties);
        yield kind
            + parsed.id().map(id -> " '" + id + "'").orElse("")
            + " was added"
            + lasting(retention);
      }
    };
  }

  private static String lasting(Retention retention) {
    return retention.isStored() ? "" : "; this holds " + retention.until();
  }

  /** Runs {@code ram:object_del ID}. */
  @Descriptor("closes a memory backend that no device uses; its file stays as it is")
  public String object_del(@Descriptor("ID: the id of the memory backend") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:object_del",
        () -> {
          String id = Arguments.read("ram:object_del ID", arguments).words("ID").getFirst();
          return "memory backend '" + id + "' was removed" + lasting(admin.removeObject(id));
        });
  }

  /** Runs {@code ram:device_del ID}. */
  @Descriptor(
      "unplugs a device at once, without asking the guest: stop the guest's use of it first")
  public String device_del(@Descriptor("ID: the id of the device") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:device_del",
        () -> {
          String id = Arguments.read("ram:device_del ID", arguments).words("ID").getFirst();
          return "device '" + id + "' was unplugged" + lasting(admin.unplug(id));
        });
  }

  /** Runs {@code ram:stop}. */
  @Descriptor("pauses all guest writers until ram:cont")
  public String stop(@Descriptor("nothing") Object... arguments) throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:stop",
        () -> {
          Arguments.read("ram:stop", arguments).words();
          admin.stop();
          return status(admin.status());
        });
  }

  /** Runs {@code ram:cont}. */
  @Descriptor("resumes the guest writers")
  public String cont(@Descriptor("nothing") Object... arguments) throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:cont",
        () -> {
          Arguments.read("ram:cont", arguments).words();
          admin.cont();
          return status(admin.status());
        });
  }

  /** Runs {@code ram:status}. */
  @Descriptor("says whether the machine is up, and if not, why")
  public String status(@Descriptor("nothing") Object... arguments) throws InterruptedException {
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
