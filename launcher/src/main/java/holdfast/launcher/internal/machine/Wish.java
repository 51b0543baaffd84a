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
 * What a configuration said at the moment when it was read. Two are equal if they say the same:
 * that tells what was written here from what somebody else came to wish, as ConfigAdmin's change
 * count would, and still does when ConfigAdmin has started again or a configuration was deleted and
 * made anew, and counts from the beginning.
 *
 * @param pid its PID
 * @param properties its properties; arrays as lists
 */
public record Wish(String pid, Map<String, Object> properties) {
  /** By which Felix File Install finds the file to write a configuration back to. */
  private static final String FILE = "felix.fileinstall.filename";

  public Wish {
    properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
  }

  /** What is read from ConfigAdmin. */
  static Wish of(String pid, Dictionary<String, Object> dictionary) {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (Enumeration<String> keys = dictionary.keys(); keys.hasMoreElements(); ) {
      String key = keys.nextElement();
      properties.put(key, comparable(dictionary.get(key)));
    }
    return new Wish(pid, properties);
  }

  /** Two arrays with the same items are not equal, two lists are. */
  private static Object comparable(Object value) {
    if (value.getClass().isArray()) {
      return IntStream.range(0, Array.getLength(value)).mapToObj(i -> Array.get(value, i)).toList();
    }
    return value instanceof Collection<?> items
        ? Collections.unmodifiableList(new ArrayList<>(items))
        : value;
  }

  /** The PID of its factory; of a configuration without one, its own. */
  String factoryPid() {
    int name = pid.indexOf('~');
    return name < 0 ? pid : pid.substring(0, name);
  }

  /**
   * By which the machine's configuration lists it: the name of the factory configuration, which is
   * what follows {@code ~} in its PID (OSGi Compendium 104.4.2).
   */
  String name() {
    return pid.substring(pid.indexOf('~') + 1);
  }

  /** The file that it was read from, if an installer has said so. */
  Optional<Path> file() {
    try {
      return Optional.ofNullable(properties.get(FILE)).map(uri -> Path.of(URI.create("" + uri)));
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return Optional.empty(); // somebody else's way of naming it
    }
  }

  /** Where it is to be changed: its file, or its PID. */
  String place() {
    return file().map(Path::toString).orElse("configuration " + pid);
  }

  /**
   * A sentence that begins with where it is to be mended. What the command line wrote has no such
   * place.
   */
  String placed(String sentence) {
    String begin = place() + ": ";
    return isOfCommandLine() || sentence.startsWith(begin) ? sentence : begin + sentence;
  }

  /** Where another configuration would be, in the same manner as this one. */
  String placeOf(String factoryPid, String name) {
    return file()
        .map(file -> file.resolveSibling(factoryPid + "-" + name + ".cfg").toString())
        .orElse("configuration " + factoryPid + "~" + name);
  }

  /** Whether the command line wrote it. */
  boolean isOfCommandLine() {
    return properties.containsKey(TypeDefinition.EXACT);
  }

  /** Whether quotes stand around what is under {@code key}: they are no part of a value. */
  boolean isQuoted(String key) {
    return ("" + properties.getOrDefault(key, "")).strip().matches("(?s)'.*'|\".*\"");
  }

  /** The names that stand under {@code key}: in an array, a list, or a text with commas. */
  List<String> names(String key) {
    Object value = properties.getOrDefault(key, "");
    Collection<?> items =
        value instanceof Collection<?> list ? list : List.of(value.toString().split(","));
    return items.stream().map(item -> ("" + item).strip()).filter(n -> !n.isEmpty()).toList();
  }
}
