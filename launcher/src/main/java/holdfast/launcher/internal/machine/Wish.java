package holdfast.launcher.internal.machine;

import holdfast.machine.config.options.TypeDefinition;
import java.lang.reflect.Array;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Dictionary;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The content of a configuration at the moment when it was read. Two are equal if their content is
 * the same. This distinguishes what was written here from changes by another source, as
 * ConfigAdmin's change count would; but that begins anew when ConfigAdmin is restarted or a
 * configuration is deleted and created again.
 *
 * @param pid its PID
 * @param properties its properties; arrays as lists
 */
public record Wish(String pid, Map<String, Object> properties) {
  /** The property by which Felix File Install finds the file to write a configuration back to. */
  private static final String FILE = "felix.fileinstall.filename";

  public Wish {
    properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
  }

  /** Returns the content of a configuration. */
  public static Wish of(String pid, Dictionary<String, Object> dictionary) {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (Enumeration<String> keys = dictionary.keys(); keys.hasMoreElements(); ) {
      String key = keys.nextElement();
      properties.put(key, comparable(dictionary.get(key)));
    }
    return new Wish(pid, properties);
  }

  /** Converts an array to a list: two lists with the same items are equal, two arrays are not. */
  private static Object comparable(Object value) {
    if (value.getClass().isArray()) {
      return IntStream.range(0, Array.getLength(value)).mapToObj(i -> Array.get(value, i)).toList();
    }
    return value instanceof Collection<?> items
        ? Collections.unmodifiableList(new ArrayList<>(items))
        : value;
  }

  /** Returns the PID of its factory, or its own PID if it has no factory. */
  String factoryPid() {
    int name = pid.indexOf('~');
    return name < 0 ? pid : pid.substring(0, name);
  }

  /**
   * Returns the name by which the machine's configuration lists it: the name of the factory
   * configuration, which is the part of its PID after {@code ~} (OSGi Compendium 104.4.2).
   */
  String name() {
    return pid.substring(pid.indexOf('~') + 1);
  }

  /** Returns the file that it was read from, if an installer has recorded it. */
  Optional<Path> file() {
    try {
      return Optional.ofNullable(properties.get(FILE)).map(uri -> Path.of(URI.create("" + uri)));
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return Optional.empty(); // another installer's way of naming it
    }
  }

  /** Returns where it can be changed: its file, or its PID. */
  String place() {
    return file().map(Path::toString).orElse("configuration " + pid);
  }

  /**
   * Returns the sentence with the place where the configuration can be corrected before it. A
   * configuration from the command line has no such place.
   */
  String placed(String sentence) {
    String begin = place() + ": ";
    return isOfCommandLine() || sentence.startsWith(begin) ? sentence : begin + sentence;
  }

  /** Returns the place that another configuration would have, a file or a PID as for this one. */
  String placeOf(String factoryPid, String name) {
    return file()
        .map(file -> file.resolveSibling(factoryPid + "-" + name + ".cfg").toString())
        .orElse("configuration " + factoryPid + "~" + name);
  }

  /** Returns whether it has no property but those of OSGi and its installer: its file is empty. */
  boolean saysNothing() {
    return properties.keySet().stream()
        .allMatch(
            key -> key.startsWith("service.") || key.startsWith("felix.") || key.startsWith("."));
  }

  /** Returns whether the command line wrote it. */
  boolean isOfCommandLine() {
    return properties.containsKey(TypeDefinition.EXACT);
  }

  /**
   * Returns whether the value of {@code key} has quotes around it, which are not part of a value.
   */
  boolean isQuoted(String key) {
    return ("" + properties.getOrDefault(key, "")).strip().matches("(?s)'.*'|\".*\"");
  }

  /**
   * Returns the names in the value of {@code key}, which is an array, a list, or a text with
   * commas.
   */
  List<String> names(String key) {
    Object value = properties.getOrDefault(key, "");
    Collection<?> items =
        value instanceof Collection<?> list ? list : List.of(value.toString().split(","));
    return items.stream().map(item -> ("" + item).strip()).filter(n -> !n.isEmpty()).toList();
  }
}
