package holdfast.monitor.shell.internal;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.AllocatorStatus;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What can stand where somebody types: by the commands' forms, and by what the machine has. */
public final class Completions {
  /** The property that no swap changes. */
  private static final String ID = "id";

  private final MachineAdmin admin;

  Completions(MachineAdmin admin) {
    this.admin = admin;
  }

  /**
   * What can stand behind the beginning of a word.
   *
   * @param from how many characters of the word are kept
   * @param whole what can follow them, with a blank behind it
   * @param begun what can follow them, and goes on
   * @param path whether the path of a file or a folder can follow them
   */
  public record Offer(int from, List<String> whole, List<String> begun, boolean path) {
    /** Nothing is known. */
    static final Offer NONE = new Offer(0, List.of(), List.of(), false);

    static Offer whole(List<String> words) {
      return new Offer(0, words, List.of(), false);
    }

    static Offer begun(int from, List<String> words) {
      return new Offer(from, List.of(), words, false);
    }

    static Offer path(int from) {
      return new Offer(from, List.of(), List.of(), true);
    }
  }

  /**
   * Returns what can stand at a place.
   *
   * @param form of the command
   * @param arguments those before it
   * @param typed what is there of the word, which may be empty
   */
  Offer of(Form form, List<String> arguments, String typed) {
    Form.Before before = form.before(arguments);
    if (!before.value().isEmpty()) {
      return word(before.value(), form, before.words(), typed);
    }
    List<String> options =
        form.options().keySet().stream().filter(one -> !before.given().contains(one)).toList();
    String word = form.word(before.words().size());
    return word.isEmpty() || typed.startsWith("-")
        ? Offer.whole(options)
        : word(word, form, before.words(), typed);
  }

  private Offer word(String name, Form form, List<String> before, String typed) {
    return switch (name) {
      case "ID" -> Offer.whole(form.text().equals(Forms.DEVICE_DEL) ? devices() : objects());
      case "PROPERTIES" ->
          type(before).map(type -> properties(type, typed, false)).orElse(Offer.NONE);
      case "PROPERTY" -> Offer.whole(type(before).map(Completions::live).orElse(List.of()));
      case "VALUE" ->
          type(before)
              .flatMap(type -> property(type, before.get(1)))
              .map(property -> value(property, 0))
              .map(offer -> new Offer(0, offer.begun(), List.of(), offer.path()))
              .orElse(Offer.NONE);
      case "TYPE,id=ID,PROPERTIES" -> typed(BackendDefinitions.OPTION, typed);
      case "DRIVER,memdev=ID,PROPERTIES" -> typed(DeviceDefinitions.OPTION, typed);
      case "FILTER" ->
          Offer.whole(
              names(MachineAdmin::allocators, AllocatorStatus::kind).stream().distinct().toList());
      case "FILE", "FOLDER", "DIR" -> Offer.path(0);
      case "ADDRESS" -> address(typed);
      case "WHO" -> Offer.whole(peers());
      case "NAME=VALUE" -> parameter(typed);
      case "here|elsewhere" -> Offer.whole(List.of(name.split("\\|")));
      // a number, a size, or what only the operator knows
      default -> Offer.NONE;
    };
  }

  private List<String> objects() {
    return names(MachineAdmin::objects, ObjectStatus::id);
  }

  /** Returns the ids of the devices that can be unplugged. */
  private List<String> devices() {
    return names(
        machine ->
            machine.devices().stream().filter(one -> one.driver() != DeviceKind.RAM).toList(),
        DeviceStatus::id);
  }

  private interface Listing<T> {
    List<T> of(MachineAdmin admin) throws AdminException;
  }

  /** Returns the names of things of the machine; none where it isn't up. */
  private <T> List<String> names(Listing<T> listing, Function<T, String> name) {
    try {
      return listing.of(admin).stream().map(name).toList();
    } catch (AdminException e) {
      return List.of();
    }
  }

  /** Returns the type of the memory backend that the first word names, if there is one. */
  private Optional<TypeDefinition> type(List<String> before) {
    try {
      return Optional.of(BackendDefinitions.type(admin.object(before.getFirst()).type()));
    } catch (AdminException e) {
      return Optional.empty();
    }
  }

  private static List<String> live(TypeDefinition type) {
    return type.properties().stream()
        .filter(PropertyDefinition::live)
        .map(PropertyDefinition::name)
        .toList();
  }

  private static Optional<PropertyDefinition<?>> property(TypeDefinition type, String name) {
    return type.properties().stream()
        .filter(one -> one.name().equals(name))
        .<PropertyDefinition<?>>map(one -> one)
        .findFirst();
  }

  /** Returns what can stand in {@code TYPE,NAME=VALUE,…}. */
  private Offer typed(TypedOption option, String typed) {
    int comma = typed.indexOf(',');
    if (comma < 0) {
      return Offer.begun(0, option.types().stream().map(type -> type.name() + ",").toList());
    }
    return option.types().stream()
        .filter(type -> type.name().equals(typed.substring(0, comma)))
        .findFirst()
        .map(type -> properties(type, typed, true))
        .orElse(Offer.NONE);
  }

  /** Returns what can stand in the last of the items {@code NAME=VALUE,…}. */
  private Offer properties(TypeDefinition type, String typed, boolean named) {
    List<String> items = items(typed);
    String last = items.getLast();
    int from = typed.length() - last.length();
    int equals = last.indexOf('=');
    if (equals >= 0) {
      return property(type, last.substring(0, equals))
          .map(property -> value(property, from + equals + 1))
          .orElse(Offer.NONE);
    }
    List<String> given = items.stream().map(item -> item.split("=", 2)[0]).toList();
    return Offer.begun(
        from,
        type.properties().stream()
            .map(PropertyDefinition::name)
            .filter(name -> !given.contains(name))
            .filter(name -> named || !name.equals(ID))
            .map(name -> name + "=")
            .toList());
  }

  /** Returns what commas part; two of them stand for one in a value. */
  private static List<String> items(String typed) {
    List<String> items = new ArrayList<>();
    int begin = 0;
    for (int at = 0; at < typed.length(); at++) {
      if (typed.charAt(at) == ',') {
        if (typed.startsWith(",,", at)) {
          at++;
        } else {
          items.add(typed.substring(begin, at));
          begin = at + 1;
        }
      }
    }
    items.add(typed.substring(begin));
    return items;
  }

  /** Returns the values of a property; another property can follow them. */
  private Offer value(PropertyDefinition<?> property, int from) {
    if (BackendDefinitions.FILES.contains(property.name())) {
      return Offer.path(from);
    }
    return Offer.begun(
        from, property.name().equals("memdev") ? objects() : property.type().choices());
  }

  private static Offer address(String typed) {
    for (String beginning : MigrationWords.FILES) {
      if (typed.startsWith(beginning)) {
        return Offer.path(beginning.length());
      }
    }
    List<String> beginnings = new ArrayList<>(MigrationWords.FILES);
    beginnings.add(MigrationWords.TCP);
    return Offer.begun(0, beginnings);
  }

  private static List<String> peers() {
    return Arrays.stream(MigrationParameters.Peer.values())
        .map(MigrationParameters.Peer::label)
        .toList();
  }

  private static Offer parameter(String typed) {
    int from = typed.indexOf('=') + 1;
    return switch (typed.substring(0, Math.max(0, from - 1))) {
      case "" ->
          Offer.begun(
              0,
              MigrationWords.parameters(MigrationParameters.DEFAULT).keySet().stream()
                  .map(name -> name + "=")
                  .toList());
      case MigrationWords.PEER -> new Offer(from, peers(), List.of(), false);
      case MigrationWords.TLS_FOLDER -> Offer.path(from);
      default -> Offer.NONE;
    };
  }
}
