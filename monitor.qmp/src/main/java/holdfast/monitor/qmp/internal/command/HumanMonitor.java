package holdfast.monitor.qmp.internal.command;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.config.options.Excerpt;
import java.util.ArrayList;
import java.util.List;

/**
 * The commands for people that scripts send by {@code human-monitor-command}: those that show
 * memory, that stop and continue, and those of migrations. Everything else is done by QMP's own
 * commands.
 */
final class HumanMonitor {
  private static final String LINE = "\r\n";

  private final MachineAdmin admin;
  private final HumanMigration migration;

  HumanMonitor(MachineAdmin admin, MigrationCapabilities capabilities) {
    this.admin = admin;
    this.migration = new HumanMigration(admin, capabilities);
  }

  /** Returns what a command prints; its failure is printed, too. */
  String run(String line) {
    String words = String.join(" ", line.strip().split("\\s+"));
    try {
      return String.join("", answer(words).stream().map(text -> text + LINE).toList());
    } catch (HoldfastException e) {
      return "Error: " + Excerpt.onOneLine(e.getMessage()) + LINE;
    }
  }

  private List<String> answer(String words) throws HoldfastException {
    return switch (words) {
      case "info memdev" -> memdevs();
      case "info memory-devices" -> devices();
      case "info qtree" -> tree();
      case "info status" -> List.of("VM status: " + status());
      case "stop" -> {
        admin.stop();
        yield List.of();
      }
      case "cont" -> {
        admin.cont();
        yield List.of();
      }
      case "", "help", "info" -> help();
      default ->
          migration
              .answer(words)
              .orElse(
                  List.of(
                      "unknown command: '"
                          + Excerpt.onOneLine(words)
                          + "'; help lists those there are"));
    };
  }

  private static List<String> help() {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "info memdev -- show the memory backends",
                "info memory-devices -- show the memory devices",
                "info qtree -- show the devices and their properties",
                "info status -- show whether guest writers run",
                "stop -- pause all guest writers",
                "cont -- resume them"));
    lines.addAll(HumanMigration.HELP);
    return lines;
  }

  private String status() {
    MachineStatus status = admin.status();
    if (status.phase() != MachineStatus.Phase.UP) {
      return status.sentence();
    }
    String word = MachineCommands.runState(status);
    return word.equals("running") || word.equals("paused") ? word : "paused (" + word + ")";
  }

  private List<String> memdevs() throws AdminException {
    List<String> lines = new ArrayList<>();
    for (ObjectStatus object : admin.objects()) {
      lines.add("memory backend: " + object.id());
      MachineCommands.memdev(object)
          .forEach(
              (name, value) -> {
                if (!name.equals("id")) {
                  lines.add("  " + name.replace('-', ' ') + ": " + text(value));
                }
              });
    }
    return lines;
  }

  private List<String> devices() throws AdminException {
    List<String> lines = new ArrayList<>();
    for (DeviceStatus device : plugged()) {
      lines.add("Memory device [" + MachineCommands.kind(device) + "]: \"" + device.id() + '"');
      MachineCommands.data(device)
          .forEach(
              (name, value) -> {
                if (!name.equals("id")) {
                  lines.add(
                      "  " + name + ": " + (name.equals("addr") ? device.address() : text(value)));
                }
              });
    }
    return lines;
  }

  private List<DeviceStatus> plugged() throws AdminException {
    return admin.devices().stream().filter(one -> one.driver() != DeviceKind.RAM).toList();
  }

  private List<String> tree() throws AdminException {
    List<String> lines = new ArrayList<>();
    lines.add("bus: main-system-bus");
    for (DeviceStatus device : plugged()) {
      lines.add("  dev: " + device.driver().label() + ", id \"" + device.id() + '"');
      QomTree.values(device)
          .forEach(
              (name, value) -> {
                if (!name.equals("id") && !name.equals("type")) {
                  lines.add("    " + name + " = " + quoted(value));
                }
              });
    }
    return lines;
  }

  private static String quoted(Object value) {
    return value instanceof String text ? '"' + text + '"' : String.valueOf(value);
  }

  private static String text(Object value) {
    return value instanceof List<?> items
        ? String.join(",", items.stream().map(Object::toString).toList())
        : String.valueOf(value);
  }
}
