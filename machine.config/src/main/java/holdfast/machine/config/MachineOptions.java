package holdfast.machine.config;

import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.Keyval;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.OptionResult;
import holdfast.machine.config.options.Options;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.QemuOpts;
import holdfast.machine.config.options.TypedOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the options of QEMU's command line that describe a machine: {@code -machine} (or {@code
 * -M}), {@code -m}, {@code -incoming}, {@code -object} and {@code -device}, each with one or two
 * dashes. Used by one thread.
 */
public final class MachineOptions {
  private static final Options NONE = new Options(List.of(), false);

  private Options machine = NONE;
  private Options memory = NONE;
  private Optional<String> incoming = Optional.empty();
  private final NumaNodes numa = new NumaNodes();
  private final List<ParsedObject> objects = new ArrayList<>();
  private final List<ParsedObject> devices = new ArrayList<>();

  /**
   * Returns whether {@code option} is one of those that are read here; each of them has a value.
   */
  public static boolean isOne(String option) {
    return switch (oneDash(option)) {
      case "-machine", "-M", "-m", "-numa", "-incoming", "-object", "-device" -> true;
      default -> false;
    };
  }

  private static String oneDash(String option) {
    return option.startsWith("--") ? option.substring(1) : option;
  }

  /**
   * Reads one option.
   *
   * @param option one of those for which {@link #isOne} returns true
   * @return the help that the value asks for, if it does; then nothing else was read
   * @throws OptionException if the value is malformed or not allowed
   * @throws IllegalArgumentException if {@code option} is none of them
   */
  public Optional<HelpText> read(String option, String value) throws OptionException {
    switch (oneDash(option)) {
      case "-machine", "-M" -> {
        Options given = Keyval.parse("-machine", value, "type");
        machine = Keyval.merge("-machine", machine, given);
        return help(given, MachineDefinition.MACHINE.help());
      }
      case "-m" -> {
        Options given = QemuOpts.parse(value, "size");
        memory = memory.followedBy(given);
        return help(given, MachineDefinition.MEMORY.help());
      }
      case "-numa" -> {
        return numa.read(value);
      }
      case "-incoming" -> {
        incoming = Optional.of(value);
        return Optional.empty();
      }
      case "-object" -> {
        return typed(BackendDefinitions.OPTION, value, objects);
      }
      case "-device" -> {
        return typed(DeviceDefinitions.OPTION, value, devices);
      }
      default -> throw new IllegalArgumentException(option + " is not read here");
    }
  }

  private static Optional<HelpText> help(Options given, HelpText text) {
    return given.helpRequested() ? Optional.of(text) : Optional.empty();
  }

  private static Optional<HelpText> typed(TypedOption option, String text, List<ParsedObject> into)
      throws OptionException {
    OptionResult result = option.parse(text);
    switch (result) {
      case HelpText help -> {
        return Optional.of(help);
      }
      case ParsedObject object -> {
        into.add(object);
        return Optional.empty();
      }
    }
  }

  /**
   * Returns the values of {@code -machine}, and of {@code -numa} and {@code -incoming}.
   *
   * @throws OptionException if they are not allowed
   */
  public ParsedObject machine() throws OptionException {
    ParsedObject read = MachineDefinition.MACHINE.check("-machine", machine);
    ParsedObject coming =
        incoming.isEmpty() ? read : MachineDefinition.withIncoming(read, incoming);
    return numa.isEmpty() ? coming : MachineDefinition.withNodes(coming, numa.count());
  }

  /**
   * Returns the values of {@code -m}.
   *
   * @throws OptionException if they are not allowed
   */
  public ParsedObject memory() throws OptionException {
    return MachineDefinition.MEMORY.check("-m", memory);
  }

  /**
   * Returns the memory backends in the order of their options.
   *
   * @throws OptionException if two have the same id
   */
  public List<ParsedObject> objects() throws OptionException {
    requireDistinctIds("-object", objects);
    return List.copyOf(objects);
  }

  /**
   * Returns the devices in the order of their options.
   *
   * @throws OptionException if two have the same id
   */
  public List<ParsedObject> devices() throws OptionException {
    requireDistinctIds("-device", devices);
    return List.copyOf(devices);
  }

  /**
   * Returns the machine that all options together describe.
   *
   * @throws OptionException if there can't be such a machine
   */
  public MachineSpec spec() throws OptionException {
    List<DeviceSpec> specs = new ArrayList<>();
    for (ParsedObject device : devices()) {
      specs.add(DeviceDefinitions.spec(device, name(device, specs.size())));
    }
    return new MachineSpec(
        machine().joined(memory(), MachineDefinition.BOTH),
        objects().stream().map(BackendSpec::new).toList(),
        specs);
  }

  /**
   * Returns the name of an object or a device in messages and configurations: its id, or where it
   * stands if it has none, such as {@code nvdimm[0]}, which no id can be.
   *
   * @param number its index in the list of its option, from 0
   */
  public static String name(ParsedObject parsed, int number) {
    return parsed.id().orElse(parsed.typeName() + "[" + number + "]");
  }

  private static void requireDistinctIds(String option, List<ParsedObject> parsed)
      throws OptionException {
    Set<String> seen = new HashSet<>();
    for (ParsedObject object : parsed) {
      String id = object.id().orElse("");
      if (!id.isEmpty() && !seen.add(id)) {
        throw new OptionException(
            option
                + " "
                + object.typeName()
                + ": the id "
                + id
                + " is taken: give each an id of its own");
      }
    }
  }
}
