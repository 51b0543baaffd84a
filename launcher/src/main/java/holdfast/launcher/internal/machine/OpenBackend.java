package holdfast.launcher.internal.machine;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.PropertyDefinition;
import holdfast.launcher.internal.options.TypeDefinition;
import holdfast.launcher.internal.region.Region;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Filter;

/** A memory backend of a machine that is up. Thread-safe. */
public final class OpenBackend {
  /** For somebody else's plan of a swap, or change of a property. */
  private static final Duration HOLD_LIMIT = Duration.ofSeconds(1);

  private volatile TypeDefinition type;
  private volatile String pid;
  private final boolean exact;
  private final Region region;
  private final MemoryAdvice standard;
  private volatile ParsedObject inForce;
  private volatile String rescue = "";

  /** Held while its configuration is read or written, so that one is known from the other. */
  private final Object wishLock = new Object();

  /** What its configuration said at the last look, or when it was written here; null if gone. */
  private @Nullable Wish seen;

  /** Whether a swap has ended that its configuration doesn't tell of, since somebody changed it. */
  private volatile boolean owes;

  /** Whether its configuration said at the last look what can't be followed. */
  private volatile boolean mistaken;

  /**
   * @param wish its configuration, null for the base RAM that needs none
   * @param object its properties as it was opened
   * @param standard the advice for what the properties leave open
   */
  OpenBackend(
      TypeDefinition type,
      @Nullable Wish wish,
      Region region,
      ParsedObject object,
      MemoryAdvice standard) {
    this.type = type;
    this.pid = wish == null ? "" : wish.pid();
    this.exact = wish != null && wish.isOfCommandLine();
    this.seen = wish;
    this.region = region;
    this.inForce = object;
    this.standard = standard;
  }

  /** Its type, such as {@code memory-backend-file}. */
  public String type() {
    return type.name();
  }

  /** The same. */
  TypeDefinition definition() {
    return type;
  }

  /** Whether its properties came from the command line, where a blank is part of a value. */
  public boolean isExact() {
    return exact;
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
   * @throws MachineException if they contradict each other
   */
  public RamBlockSpec specOf(ParsedObject object) throws MachineException {
    return BackendDefinitions.spec(object, standard);
  }

  /** The region was swapped: its backing is of this type and has these properties now. */
  public synchronized void swapped(TypeDefinition next, ParsedObject object) {
    type = next;
    inForce = object;
  }

  /** Held while its configuration is read or written. */
  Object wishLock() {
    return wishLock;
  }

  /** What its configuration said at the last look; the caller has the lock. */
  @Nullable Wish seen() {
    return seen;
  }

  /** Its configuration was looked at, or written; the caller has the lock. */
  void see(@Nullable Wish wish) {
    seen = wish;
  }

  /** What was seen could not be acted upon: the next look finds it new. */
  void forget() {
    synchronized (wishLock) {
      seen = null;
    }
  }

  /** Its configuration is another one from now on; the caller has the lock. */
  void configuredBy(String next, @Nullable Wish wish) {
    pid = next;
    seen = wish;
  }

  /**
   * A swap has ended. Its configuration comes to say what is in force, unless somebody has changed
   * it meanwhile: that is looked at next, and replaced if it can't be done.
   */
  public void settle(Configurations stored) {
    owes = !stored.settle(this);
  }

  /** Whether nobody has changed its configuration since the last look at it. */
  public boolean isConfiguredAsSeen(Configurations stored) {
    return pid.isEmpty() || stored.isAsSeen(this);
  }

  /** Its configuration can't be followed, or can again; whether it could not before. */
  boolean mistaken(boolean now) {
    boolean before = mistaken;
    mistaken = now;
    return before;
  }

  /** Whether its configuration has to come to say what is in force. */
  boolean owes() {
    return owes;
  }

  /** It says what is in force, or what is about to be. */
  void owesNothing() {
    owes = false;
  }

  /** What somebody had written there during a swap can't be done. */
  public void restoreIfOwed(Configurations stored) {
    if (owes) {
      owes = false;
      stored.restore(this);
    }
  }

  /** Only allocators that match may be used from now on; null for any. */
  void use(@Nullable Filter wish) {
    if (!region.filter().equals(wish == null ? "" : wish.toString())) {
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
   *     in use, or {@code text} is not one of its values
   * @throws MachineException if it contradicts a property that can't be changed
   * @throws PreallocationException if the host can't make all pages present
   */
  public String set(String property, String text)
      throws OptionException, MachineException, PreallocationException {
    ParsedObject next = type.change(inForce, property, text);
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
   * @throws MachineException if that contradicts what can't be changed, or the backend is being
   *     swapped; nothing is changed
   * @throws PreallocationException if the host can't make all pages present; the rest is changed
   */
  public void change(ParsedObject next) throws MachineException, PreallocationException {
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
      throws MachineException, PreallocationException {
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
