package holdfast.machine.core;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.config.AllocatorFilter;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/** A memory backend of a machine that is up. Thread-safe. */
public final class Backend {
  /** For somebody else's plan of a swap, or change of a property. */
  private static final Duration HOLD_LIMIT = Duration.ofSeconds(1);

  private volatile TypeDefinition type;
  private final boolean implicit;
  private final Region region;
  private final MemoryAdvice standard;
  private volatile ParsedObject inForce;
  private volatile String rescue = "";

  /**
   * @param object its properties as it was opened
   * @param implicit whether nobody declared it: base RAM that is plain memory
   * @param standard the advice for what the properties leave open
   */
  Backend(ParsedObject object, Region region, MemoryAdvice standard, boolean implicit) {
    this.type = BackendDefinitions.type(object.typeName());
    this.implicit = implicit;
    this.region = region;
    this.inForce = object;
    this.standard = standard;
  }

  /** Its type, such as {@code memory-backend-file}. */
  public String type() {
    return type.name();
  }

  /** The definition of its type. */
  public TypeDefinition definition() {
    return type;
  }

  /** Whether nobody declared it: it is the base RAM of a machine that names no backend for it. */
  public boolean isImplicit() {
    return implicit;
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

  /** The file to which what can still be read is copied if its memory fails. */
  public Optional<Path> standby() {
    return BackendDefinitions.standby(inForce);
  }

  /** What became of its content when its memory failed, as a sentence; empty if it has not. */
  public String rescue() {
    return rescue;
  }

  /** Its memory failed, and this became of its content. */
  public void rescued(String sentence) {
    rescue = sentence;
  }

  /** Its properties as they were asked for last and taken over. */
  public ParsedObject object() {
    return inForce;
  }

  /**
   * The block that other properties of this backend would ask for.
   *
   * @throws OptionException if they contradict each other
   */
  public RamBlockSpec specOf(ParsedObject object) throws OptionException {
    return BackendDefinitions.spec(object, standard);
  }

  /** The region was swapped: it is of another type, and has other properties, from now on. */
  public synchronized void swapped(ParsedObject object) {
    type = BackendDefinitions.type(object.typeName());
    inForce = object;
  }

  /** From now on only allocators that match may be used. */
  public void use(AllocatorFilter wish) {
    if (!region.filter().text().equals(wish.text())) {
      region.use(wish);
    }
  }

  /**
   * Changes one property at once.
   *
   * @param text the value as on the command line
   * @return the value in its canonical form; {@code prealloc=off} is of no consequence now, and
   *     another one stays in force
   * @throws OptionException if there is no such property, it can't be changed while the backend is
   *     in use, {@code text} is not one of its values, or it contradicts another property
   * @throws MachineException if the backend is being swapped, or changed by somebody else
   * @throws PreallocationException if the host can't make all pages present
   */
  public String set(String property, String text)
      throws OptionException, MachineException, PreallocationException {
    ParsedObject next;
    try {
      next = type.change(inForce, property, text);
    } catch (OptionException e) {
      throw e.within("memory backend '" + region.id() + "': ");
    }
    change(next);
    return Objects.requireNonNull(next.properties().get(property));
  }

  /** The properties that {@code next} has otherwise and that can't be changed now. */
  public List<String> unchangeable(ParsedObject next) {
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
   * @throws OptionException if that contradicts what can't be changed; nothing is changed
   * @throws MachineException if the backend is being swapped, or changed by somebody else; nothing
   *     is changed
   * @throws PreallocationException if the host can't make all pages present; the rest is changed
   */
  public void change(ParsedObject next)
      throws OptionException, MachineException, PreallocationException {
    if (different(next).isEmpty()) {
      return;
    }
    if (!region.hold(HOLD_LIMIT)) {
      throw new MachineException(
          "memory backend '"
              + region.id()
              + "': it is being swapped, or changed by somebody else; change it when that is over, or"
              + " name the property in ram:swap");
    }
    try {
      changeHeld(next);
    } finally {
      region.letGo();
    }
  }

  private synchronized void changeHeld(ParsedObject next)
      throws OptionException, PreallocationException {
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
