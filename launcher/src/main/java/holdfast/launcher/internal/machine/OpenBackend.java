package holdfast.launcher.internal.machine;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.PropertyDefinition;
import holdfast.launcher.internal.options.TypeDefinition;
import holdfast.launcher.internal.region.Region;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/** A memory backend of a machine that is up. Thread-safe. */
public final class OpenBackend {
  private final TypeDefinition type;
  private final String pid;
  private final Region region;
  private final MemoryAdvice standard;
  private volatile ParsedObject inForce;

  /**
   * @param pid the PID of its configuration, empty for the base RAM that needs none
   * @param object its properties as it was opened
   * @param standard the advice for what the properties leave open
   */
  OpenBackend(
      TypeDefinition type, String pid, Region region, ParsedObject object, MemoryAdvice standard) {
    this.type = type;
    this.pid = pid;
    this.region = region;
    this.inForce = object;
    this.standard = standard;
  }

  /** Its type, such as {@code memory-backend-file}. */
  public String type() {
    return type.name();
  }

  /** The PID of its configuration, empty for the base RAM that needs none. */
  public String pid() {
    return pid;
  }

  /** Its open region. */
  public Region region() {
    return region;
  }

  /**
   * Its properties as they are in force, in their canonical form and in the order of their
   * definitions.
   */
  public SequencedMap<String, String> properties() {
    ParsedObject now = BackendDefinitions.withAdvice(inForce, region.advice());
    SequencedMap<String, String> ordered = new LinkedHashMap<>();
    for (PropertyDefinition<?> property : type.properties()) {
      String value = now.properties().get(property.name());
      if (value != null) {
        ordered.put(property.name(), value);
      }
    }
    return ordered;
  }

  /**
   * Changes one property at once.
   *
   * @param text the value as on the command line
   * @return the value in its canonical form
   * @throws OptionException if there is no such property, it can't be changed while the backend is
   *     in use, or {@code text} is not one of its values
   * @throws PreallocationException if the host can't make all pages present
   */
  public String set(String property, String text) throws OptionException, PreallocationException {
    ParsedObject next = type.change(inForce, property, text);
    change(next);
    return Objects.requireNonNull(next.properties().get(property));
  }

  /**
   * Takes over what can be changed while the backend is in use.
   *
   * @return the names of the properties that differ and can't: they stay as they are
   * @throws PreallocationException if the host can't make all pages present; the rest is changed
   */
  synchronized List<String> change(ParsedObject next) throws PreallocationException {
    ParsedObject before = inForce;
    List<String> refused = new ArrayList<>();
    List<String> live = type.liveNames();
    ParsedObject taken = before;
    for (PropertyDefinition<?> property : type.properties()) {
      String name = property.name();
      String value = next.properties().get(name);
      if (Objects.equals(value, before.properties().get(name))) {
        continue;
      }
      if (live.contains(name)) {
        taken = taken.withText(name, value);
      } else {
        refused.add(name);
      }
    }
    region.advise(BackendDefinitions.advice(taken, standard));
    if (BackendDefinitions.isPreallocated(taken) && !BackendDefinitions.isPreallocated(before)) {
      region.preallocate(BackendDefinitions.threads(taken));
    }
    inForce = taken;
    return refused;
  }
}
