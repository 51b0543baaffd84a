package holdfast.machine.config;

import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Writes a machine as the files of its configurations, as Felix File Install reads them: Java
 * properties, with the name of a factory configuration behind the dash of the file's name.
 */
public final class ConfigurationFiles {
  private static final String SUFFIX = ".cfg";
  private static final String MACHINE = "holdfast.machine";

  private ConfigurationFiles() {}

  /**
   * Returns the files that describe a machine, by their names, that of the machine itself last.
   * What has its default is left out. An emulator's own guest addresses can't be configured, and
   * are left out, too.
   *
   * @throws OptionException if a value can't stand in such a file
   */
  public static SequencedMap<String, String> write(MachineSpec spec) throws OptionException {
    SequencedMap<String, String> files = new LinkedHashMap<>();
    List<String> objects = new ArrayList<>();
    for (BackendSpec backend : spec.backends()) {
      Map<String, String> all =
          new LinkedHashMap<>(backend.object().type().written(backend.object()));
      if (!backend.allocator().text().isEmpty()) {
        all.put(BackendDefinitions.ALLOCATOR_TARGET, backend.allocator().text());
      }
      objects.add(backend.id());
      files.put(name(backend.object().typeName(), backend.id()), text(backend.id(), all));
    }
    List<String> devices = new ArrayList<>();
    for (DeviceSpec device : spec.devices()) {
      String driver = device.driver().label();
      // as from a command line, and as no id can be
      String name = device.id().orElse(driver + "[" + devices.size() + "]");
      devices.add(name);
      files.put(name(driver, name), text(name, DeviceDefinitions.values(device)));
    }
    files.put(MACHINE + SUFFIX, machine(spec.machine(), objects, devices));
    return files;
  }

  private static String name(String type, String name) {
    return BackendDefinitions.factoryPid(type) + "-" + name + SUFFIX;
  }

  private static String machine(ParsedObject machine, List<String> objects, List<String> devices)
      throws OptionException {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("type", machine.text("type").orElseThrow());
    all.putAll(MachineDefinition.BOTH.written(machine));
    list(all, "objects", objects);
    list(all, "devices", devices);
    return text("the machine", all);
  }

  private static void list(Map<String, String> all, String key, List<String> names) {
    if (!names.isEmpty()) {
      all.put(key, String.join(",", names));
    }
  }

  private static String text(String subject, Map<String, String> values) throws OptionException {
    StringBuilder lines = new StringBuilder();
    for (Map.Entry<String, String> each : values.entrySet()) {
      String value = each.getValue();
      if (isCut(value)) {
        throw new OptionException(
            subject
                + ": "
                + each.getKey()
                + "="
                + Excerpt.of(value)
                + " can't stand in a configuration file, where blanks and quotes around a value"
                + " are no part of it: use the options instead");
      }
      lines.append(each.getKey()).append(" = ").append(escaped(value)).append('\n');
    }
    return lines.toString();
  }

  /** Returns whether a configuration with this value is read as one with another, or refused. */
  private static boolean isCut(String value) {
    int last = value.length() - 1;
    return !value.equals(value.strip())
        || (last > 0
            && (value.charAt(0) == '\'' || value.charAt(0) == '"')
            && value.charAt(last) == value.charAt(0));
  }

  /**
   * Escapes what File Install would take for a variable, then what properties would take for an
   * escape; all but ASCII, so that no encoding matters.
   */
  private static String escaped(String value) {
    String literal = value.replaceAll("[\\\\{}]", "\\\\$0");
    StringBuilder escaped = new StringBuilder();
    for (char unit : literal.toCharArray()) {
      if (unit == '\\') {
        escaped.append("\\\\");
      } else if (unit < ' ' || unit > '~') {
        escaped.append("\\u%04x".formatted((int) unit));
      } else {
        escaped.append(unit);
      }
    }
    return escaped.toString();
  }
}
