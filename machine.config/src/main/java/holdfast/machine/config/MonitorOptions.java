package holdfast.machine.config;

import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.OptionValue;
import holdfast.machine.config.options.Options;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.QemuOpts;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads QEMU's options about monitors: {@code -qmp}, and {@code -chardev} with {@code -mon}, in the
 * forms that make a socket to which clients connect. Used by one thread.
 */
public final class MonitorOptions {
  private static final Set<String> OF_A_SERVER =
      Set.of("server", "wait", "path", "host", "port", "to", "ipv4", "ipv6", "nodelay", "delay");

  /** Those of them that a monitor's definition has. */
  private static final Set<String> OF_A_PLACE = Set.of("wait", "path", "host", "port");

  private final Map<String, ParsedObject> places = new LinkedHashMap<>();
  private final Set<String> used = new HashSet<>();
  private final List<String> monitors = new ArrayList<>();
  private int compact;

  /** Returns whether {@code option} is one of those that are read here; each has a value. */
  public static boolean isOne(String option) {
    return switch (oneDash(option)) {
      case "-qmp", "-qmp-pretty", "-chardev", "-mon" -> true;
      default -> false;
    };
  }

  private static String oneDash(String option) {
    return option.startsWith("--") ? option.substring(1) : option;
  }

  /**
   * Reads one option.
   *
   * @throws OptionException if the value is malformed, or asks for something that isn't there
   */
  public void read(String option, String value) throws OptionException {
    switch (oneDash(option)) {
      case "-qmp" -> qmp(value);
      case "-chardev" -> chardev(value);
      case "-mon" -> mon(value);
      default ->
          throw new OptionException(
              option + ": answers are one line each here: use -qmp, and a tool that indents JSON");
    }
  }

  /**
   * Returns the monitors in the order of their options.
   *
   * @throws OptionException if one names a {@code -chardev} that isn't there
   */
  public List<ParsedObject> monitors() throws OptionException {
    List<ParsedObject> all = new ArrayList<>();
    Set<QmpDefinition.Address> taken = new HashSet<>();
    for (String id : monitors) {
      ParsedObject place = places.get(id);
      if (place == null) {
        throw new OptionException(
            "-mon chardev=" + id + ": there is no -chardev with id=" + id + ": add one");
      }
      if (!taken.add(QmpDefinition.address(place))) {
        throw new OptionException(
            "-qmp: two monitors can't be at one place, " + QmpDefinition.address(place));
      }
      all.add(place);
    }
    for (String id : places.keySet()) {
      if (!used.contains(id)) {
        throw new OptionException(
            "-chardev " + id + ": nothing uses it: add -mon chardev=" + id + ",mode=control");
      }
    }
    return all;
  }

  /** Reads {@code unix:PATH,…}, {@code tcp:HOST:PORT,…}, {@code stdio} or {@code chardev:ID}. */
  private void qmp(String value) throws OptionException {
    int colon = value.indexOf(':');
    String kind = colon < 0 ? value : value.substring(0, colon);
    String rest = colon < 0 ? "" : value.substring(colon + 1);
    String id = "-qmp " + ++compact;
    switch (kind) {
      case "unix" -> add("-qmp", id, QemuOpts.parse(rest, "path"));
      case "tcp" -> add("-qmp", id, tcp(rest));
      case "stdio" -> stdio(id);
      case "chardev" -> id = rest;
      default ->
          throw new OptionException(
              "-qmp "
                  + Excerpt.of(value)
                  + ": write unix:PATH,server=on,wait=off, or tcp:127.0.0.1:PORT,server=on,wait=off,"
                  + " or stdio");
    }
    use(id);
  }

  private void use(String id) throws OptionException {
    if (!used.add(id)) {
      throw new OptionException("-mon chardev=" + id + ": another monitor uses it already");
    }
    monitors.add(id);
  }

  private static Options tcp(String text) throws OptionException {
    int comma = text.indexOf(',');
    String address = comma < 0 ? text : text.substring(0, comma);
    int colon = address.lastIndexOf(':');
    if (colon < 0) {
      throw new OptionException(
          "-qmp tcp:" + Excerpt.of(address) + ": write tcp:127.0.0.1:PORT,server=on,wait=off");
    }
    String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
    return QemuOpts.parse(
        "host="
            + host
            + ",port="
            + address.substring(colon + 1)
            + (comma < 0 ? "" : text.substring(comma)));
  }

  private void chardev(String value) throws OptionException {
    Options given = QemuOpts.parse(value, "backend");
    String id = text(given, "id", "");
    if (id.isEmpty()) {
      throw new OptionException("-chardev " + Excerpt.of(value) + ": add id=NAME");
    }
    if (places.containsKey(id)) {
      throw new OptionException("-chardev: the id " + id + " is taken: give each its own");
    }
    switch (text(given, "backend", "")) {
      case "socket" -> add("-chardev", id, given.without("backend").without("id"));
      case "stdio" -> stdio(id);
      default ->
          throw new OptionException(
              "-chardev "
                  + Excerpt.of(text(given, "backend", ""))
                  + ": there are socket and stdio here");
    }
  }

  private void mon(String value) throws OptionException {
    Options given = QemuOpts.parse(value, "chardev");
    String mode = text(given, "mode", "readline");
    if (!mode.equals("control")) {
      throw new OptionException(
          "-mon mode="
              + mode
              + ": there is no monitor for people on a socket here: write mode=control, and use"
              + " human-monitor-command");
    }
    if (text(given, "pretty", "off").equals("on")) {
      throw new OptionException("-mon pretty=on: answers are one line each here: leave it out");
    }
    use(text(given, "chardev", ""));
  }

  private void stdio(String id) throws OptionException {
    places.put(id, QmpDefinition.TYPE.check("-qmp stdio", QemuOpts.parse("stdio=on")));
  }

  /** Adds a socket; what only says that it is a server is left out. */
  private void add(String option, String id, Options given) throws OptionException {
    for (Options.Entry entry : given.entries()) {
      if (!OF_A_SERVER.contains(entry.key())) {
        throw new OptionException(
            option + ": there is no property " + Excerpt.of(entry.key()) + " of a socket here");
      }
    }
    if (!text(given, "server", "off").equals("on")) {
      throw new OptionException(
          option
              + ": without server=on it would connect to somebody else's socket: add"
              + " server=on,wait=off");
    }
    Options place = given;
    for (String key : OF_A_SERVER) {
      if (!OF_A_PLACE.contains(key)) {
        place = place.without(key);
      }
    }
    ParsedObject parsed = QmpDefinition.TYPE.check(option, place);
    QmpDefinition.address(parsed);
    places.put(id, parsed);
  }

  private static String text(Options given, String key, String otherwise) {
    return given.value(key).orElse(new OptionValue.Bare(otherwise))
            instanceof OptionValue.Bare(String text)
        ? text
        : otherwise;
  }
}
