package holdfast.machine.config.options;

import java.util.List;
import java.util.Optional;

/**
 * An option that creates an object of one of several types: {@code -object} or {@code -device}.
 *
 * @param option its name, such as {@code -object}
 * @param typeKey the key that states the type, such as {@code qom-type}; it is implied for a first
 *     item without a key
 * @param types in the order of the help text
 */
public record TypedOption(String option, String typeKey, List<TypeDefinition> types) {
  public TypedOption {
    types = List.copyOf(types);
  }

  /**
   * Parses {@code text}, in either syntax: returns an object with all its properties checked, or
   * help.
   *
   * @throws OptionException if the text is malformed, the type is missing or unknown, a property is
   *     unknown or missing, or its value is not allowed
   */
  public OptionResult parse(String text) throws OptionException {
    return check(
        JsonOptions.isJson(text) ? JsonOptions.parse(option, text) : QemuOpts.parse(text, typeKey));
  }

  /**
   * Checks {@code options}, which were read in any syntax: returns an object, or help.
   *
   * @throws OptionException if the type is missing or unknown, a property is unknown or missing, or
   *     its value is not allowed
   */
  public OptionResult check(Options options) throws OptionException {
    Optional<OptionValue> typeName = options.value(typeKey);
    boolean ofAllTypes = typeName.isEmpty() ? options.helpRequested() : isHelp(typeName.get());
    if (ofAllTypes) {
      return help();
    }
    TypeDefinition type = type(typeName);
    return options.helpRequested()
        ? type.help()
        : type.check(option + " " + type.name() + name(options), options.without(typeKey));
  }

  /**
   * Returns {@code ,id=ID}, which identifies one of many objects; an empty string if it has no
   * proper name.
   */
  private static String name(Options options) {
    try {
      Optional<OptionValue> id = options.value(Options.ID);
      return id.isEmpty() ? "" : "," + Options.ID + "=" + PropertyType.identifier().read(id.get());
    } catch (OptionException notAName) {
      return "";
    }
  }

  /** Returns all types, one line each. */
  public HelpText help() {
    HelpTable table =
        new HelpTable(
            "The types of " + option + " (" + option + " TYPE,help shows the properties of one):");
    types.forEach(type -> table.add(type.name(), type.description()));
    return table.toHelpText();
  }

  private TypeDefinition type(Optional<OptionValue> given) throws OptionException {
    if (given.isEmpty()) {
      throw refusal("the " + noun() + " is missing: begin with it; " + known());
    }
    String name =
        switch (given.get()) {
          case OptionValue.Bare(String text) -> text;
          case OptionValue.Text(String text) -> text;
          case OptionValue other ->
              throw refusal(typeKey + "=" + other + " is " + other.kind() + ": write a string");
        };
    return type(name);
  }

  /**
   * Returns the type with this name.
   *
   * @throws OptionException if there is none
   */
  public TypeDefinition type(String name) throws OptionException {
    for (TypeDefinition type : types) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    String advice =
        Nearest.to(name, names()).map(near -> "did you mean " + near + "?").orElse(known());
    throw refusal(Excerpt.of(name) + " is not a " + noun() + ": " + advice);
  }

  private List<String> names() {
    return types.stream().map(TypeDefinition::name).toList();
  }

  private String known() {
    return "the " + noun() + "s are " + String.join(", ", names());
  }

  /** Returns what QEMU calls a type of this option: type or driver. */
  private String noun() {
    return typeKey.equals("driver") ? "driver" : "type";
  }

  /** Returns whether it is {@code qom-type=help}: the request for help with the key written out. */
  private static boolean isHelp(OptionValue typeName) {
    return typeName instanceof OptionValue.Bare(String text)
        && (text.equals("help") || text.equals("?"));
  }

  private OptionException refusal(String sentence) {
    return new OptionException(option + ": " + sentence);
  }
}
