package holdfast.launcher.internal.machine;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.PropertyDefinition;
import holdfast.launcher.internal.options.TypeDefinition;
import holdfast.launcher.internal.region.Region;
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

  /** Its properties as they are in force, in their canonical form and in the order of its type. */
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
   * @return the value in its canonical form; {@code prealloc=off} is of no consequence now, and
   *     another one stays in force
   * @throws OptionException if there is no such property, it can't be changed while the backend is
   *     in use, or {@code text} is not one of its values
   * @throws MachineException if it contradicts a property that can't be changed
   * @throws PreallocationException if the host can't make all pages present
   */
  public synchronized String set(String property, String text)
      throws OptionException, MachineException, PreallocationException {
    ParsedObject next = type.change(inForce, property, text);
    change(next);
    return Objects.requireNonNull(next.properties().get(property));
  }

  /** The properties that {@code next} has otherwise and that can't be changed now. */
  List<String> unchangeable(ParsedObject next) {
    List<String> live = type.liveNames();
    return different(next).stream().filter(name -> !live.contains(name)).toList();
  }

  private List<String> different(ParsedObject next) {
    ParsedObject present = inForce;
    return type.properties().stream()
        .map(PropertyDefinition::name)
        .filter(
            name -> !Objects.equals(next.properties().get(name), present.properties().get(name)))
        .toList();
  }

  /**
   * Takes over what can be changed while the backend is in use. Pages that were made present stay
   * so, whatever {@code prealloc} is now.
   *
   * @throws MachineException if that contradicts what can't be changed; nothing is changed
   * @throws PreallocationException if the host can't make all pages present; the rest is changed
   */
  synchronized void change(ParsedObject next) throws MachineException, PreallocationException {
    boolean present = BackendDefinitions.isPreallocated(inForce);
    ParsedObject wanted = inForce;
    for (String name : different(next)) {
      if (type.liveNames().contains(name)) {
        wanted = wanted.withText(name, next.properties().get(name));
      }
    }
    region.advise(BackendDefinitions.spec(wanted, standard).advice());
    inForce = BackendDefinitions.withPreallocation(wanted, present);
    if (BackendDefinitions.isPreallocated(wanted) && !present) {
      region.preallocate(BackendDefinitions.threads(wanted));
      inForce = wanted;
    }
  }
}
