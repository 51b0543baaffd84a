package holdfast.launcher.internal.cli;

import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.Wish;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.config.MetricsDefinition;
import holdfast.machine.config.QmpDefinition;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * The machine that the command line asks for.
 *
 * @param machine the values of {@code -machine}
 * @param memory the values of {@code -m}
 * @param objects the {@code -object}s in order
 * @param devices the {@code -device}s in order
 * @param monitors the places of QMP monitors in order
 * @param metrics the values of {@code -metrics}
 */
public record MachineRequest(
    ParsedObject machine,
    ParsedObject memory,
    List<ParsedObject> objects,
    List<ParsedObject> devices,
    List<ParsedObject> monitors,
    List<ParsedObject> metrics) {

  /** Marks blanks at the end of a value as part of it, as for QEMU. */
  private static final Map<String, Object> EXACT = Map.of(TypeDefinition.EXACT, true);

  public MachineRequest {
    objects = List.copyOf(objects);
    devices = List.copyOf(devices);
    monitors = List.copyOf(monitors);
    metrics = List.copyOf(metrics);
  }

  /** Where the configurations go that a request becomes. */
  @FunctionalInterface
  private interface Destination {
    /**
     * Takes one configuration.
     *
     * @param pid of the factory, if there is a name
     * @param name of the factory configuration; empty for a configuration without a factory
     */
    void take(String pid, String name, Dictionary<String, Object> properties) throws IOException;
  }

  /**
   * Returns whether the machine takes over another one of this host, whose places become free when
   * that ends.
   */
  boolean takesOver() {
    return MachineDefinition.incoming(machine).filter(one -> one.startsWith("cpr:")).isPresent();
  }

  /** Returns whether standard input and output belong to a monitor, and not to a shell. */
  boolean takesStdio() {
    return monitors.stream().anyMatch(QmpDefinition::isStdio);
  }

  /** Writes the places of the monitors as configurations. */
  void configureMonitors(ConfigurationAdmin admin) throws IOException {
    for (ParsedObject monitor : monitors) {
      Dictionary<String, Object> properties = new Hashtable<>(EXACT);
      (takesOver() ? QmpDefinition.takingOver(monitor) : monitor).texts().forEach(properties::put);
      admin
          .getFactoryConfiguration(QmpDefinition.PID, "" + monitors.indexOf(monitor), "?")
          .update(properties);
    }
  }

  /** Returns whether metrics are shown in any way. */
  boolean hasMetrics() {
    return !metrics.isEmpty();
  }

  /** Writes where metrics are served, if they are, as a configuration. */
  void configureMetrics(ConfigurationAdmin admin) throws IOException {
    for (ParsedObject one : metrics) {
      if (MetricsDefinition.isServed(one)) {
        Dictionary<String, Object> properties = new Hashtable<>(EXACT);
        one.texts().forEach(properties::put);
        admin.getConfiguration(MetricsDefinition.PID, "?").update(properties);
      }
    }
  }

  /**
   * Writes the machine that is asked for as configurations, its own last. The command line does
   * nothing else.
   */
  void configure(ConfigurationAdmin admin) throws IOException {
    configure(
        (pid, name, properties) -> {
          Configuration made =
              name.isEmpty()
                  ? admin.getConfiguration(pid, "?")
                  : admin.getFactoryConfiguration(pid, name, "?");
          made.update(properties);
        });
  }

  /** Returns the content that these configurations have, that of the machine last. */
  List<Wish> wishes() {
    List<Wish> wishes = new ArrayList<>();
    try {
      configure(
          (pid, name, properties) ->
              wishes.add(Wish.of(name.isEmpty() ? pid : pid + "~" + name, properties)));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return wishes;
  }

  private void configure(Destination into) throws IOException {
    Dictionary<String, Object> own = new Hashtable<>(EXACT);
    machine.texts().forEach(own::put);
    memory.texts().forEach(own::put);
    own.put(MachineComponent.OBJECTS, configure(into, objects));
    own.put(MachineComponent.DEVICES, configure(into, devices));
    into.take(MachineComponent.PID, "", own);
  }

  /** Makes a factory configuration for each object or device; returns their names. */
  private static String[] configure(Destination into, List<ParsedObject> parsed)
      throws IOException {
    List<String> names = new ArrayList<>();
    for (ParsedObject object : parsed) {
      String name = MachineOptions.name(object, names.size());
      names.add(name);
      Dictionary<String, Object> properties = new Hashtable<>(EXACT);
      object.texts().forEach(properties::put);
      into.take(BackendDefinitions.factoryPid(object.typeName()), name, properties);
    }
    return names.toArray(String[]::new);
  }
}
