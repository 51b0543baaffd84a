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

/** A memory backend of an open machine. Thread-safe. */
public final class Backend {
  /** How long to wait while another caller plans a swap or changes a property. */
  private static final Duration LEASE_LIMIT = Duration.ofSeconds(1);

  private final boolean implicit;
  private final Region region;
  private final MemoryAdvice standard;
  private volatile ParsedObject inForce;
  private volatile String rescue = "";

  /**
   * @param object its properties as it was opened
   * @param implicit whether it was not declared: base RAM that is plain memory
   * @param standard the advice for what the properties leave open
   */
  Backend(ParsedObject object, Region region, MemoryAdvice standard, boolean implicit) {
    this.implicit = implicit;
    this.region = region;
    this.inForce = object;
    this.standard = standard;
  }

  /** Returns the name of its type, such as {@code memory-backend-file}. */
  public String type() {
    return inForce.typeName();
  }

  /** Returns the definition of its type. */
  public TypeDefinition definition() {
    return BackendDefinitions.type(type());
  }

  /**
   * Returns whether it was not declared: it is the base RAM of a machine that names no backend for
   * it.
   */
  public boolean isImplicit() {
    return implicit;
  }

  /** Returns its open region. */
  public Region region() {
    return region;
  }

  /**
   * Returns the properties that are in force, in their canonical form and in the order of its type.
   */
  public SequencedMap<String, String> properties() {
    ParsedObject now = BackendDefinitions.withAdvice(inForce, region.advice());
    SequencedMap<String, String> ordered = new LinkedHashMap<>();
    for (PropertyDefinition<?> property : BackendDefinitions.type(now.typeName()).properties()) {
      String value = now.properties().get(property.name());
      if (value != null) {
        ordered.put(property.name(), value);
      }
    }
    return ordered;
  }

  /** Returns the file to which everything readable is copied if its memory fails. */
  public Optional<Path> standby() {
    return BackendDefinitions.standby(inForce);
  }

  /**
   * Returns what became of its content when its memory failed, as a sentence; empty if it has not
   * failed.
   */
  public String rescue() {
    return rescue;
  }

  /** Records what became of its content after its memory failed. */
  public void rescued(String sentence) {
    rescue = sentence;
  }

  /** Returns the properties that were last requested and accepted. */
  public ParsedObject object() {
    return inForce;
  }

  /**
   * Returns the block that other properties of this backend would ask for.
   *
   * @throws OptionException if they contradict each other
   */
  public RamBlockSpec specOf(ParsedObject object) throws OptionException {
    return BackendDefinitions.spec(object, standard);
  }

  /**
   * Records that the region was swapped: from now on it has the type and the properties of {@code
   * object}.
   */
  public synchronized void swapped(ParsedObject object) {
    inForce = object;
  }

  /** Restricts the region to allocators that match. */
  public void use(AllocatorFilter wish) {
    if (!region.filter().text().equals(wish.text())) {
      region.use(wish);
    }
  }

  /**
   * Changes one property at once.
   *
   * @param text the value as on the command line
   * @return the value in its canonical form; {@code prealloc=off} has no effect on pages that are
   *     present, so {@code on} stays in force
   * @throws OptionException if there is no such property, it can't be changed while the backend is
   *     in use, {@code text} is not one of its values, or it contradicts another property
   * @throws MachineException if the backend is being swapped, or changed by another caller
   * @throws PreallocationException if the host can't make all pages present
   */
  public String set(String property, String text)
      throws OptionException, MachineException, PreallocationException {
    ParsedObject next;
    try {
      next = definition().change(inForce, property, text);
    } catch (OptionException e) {
      throw e.within("memory backend '" + region.id() + "': ");
    }
    change(next);
    return Objects.requireNonNull(next.properties().get(property));
  }

  /** Returns the names of the properties that differ in {@code next} and can't be changed now. */
  public List<String> unchangeable(ParsedObject next) {
    List<String> live = definition().liveNames();
    return different(next).stream().filter(name -> !live.contains(name)).toList();
  }

  private List<String> different(ParsedObject next) {
    ParsedObject present = inForce;
    return BackendDefinitions.type(present.typeName()).properties().stream()
        .map(PropertyDefinition::name)
        .filter(
            name -> !Objects.equals(next.properties().get(name), present.properties().get(name)))
        .toList();
  }

  /**
   * Applies those changes that are possible while the backend is in use. Pages that were made
   * present stay so, whatever {@code prealloc} is now.
   *
   * @throws OptionException if a change contradicts a property that can't be changed; nothing is
   *     changed
   * @throws MachineException if the backend is being swapped, or changed by another caller; nothing
   *     is changed
   * @throws PreallocationException if the host can't make all pages present; the rest is changed
   */
  public void change(ParsedObject next)
      throws OptionException, MachineException, PreallocationException {
    if (different(next).isEmpty()) {
      return;
    }
    Optional<RegionLease> acquired = region.acquire(LEASE_LIMIT);
    if (acquired.isEmpty()) {
      throw new MachineException(
          "memory backend '"
              + region.id()
              + "': it is being swapped, or changed by somebody else; change it when that is over, or"
              + " name the property in ram:swap");
    }
    try (RegionLease _ = acquired.get()) {
      changeHeld(next);
    }
  }

  private synchronized void changeHeld(ParsedObject next)
      throws OptionException, PreallocationException {
    boolean present = BackendDefinitions.isPreallocated(inForce);
    ParsedObject wanted = inForce;
    for (String name : different(next)) {
      if (definition().liveNames().contains(name)) {
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
