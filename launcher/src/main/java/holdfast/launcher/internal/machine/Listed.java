package holdfast.launcher.internal.machine;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.MachineException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The objects and devices that the machine's configuration lists. */
final class Listed {
  final List<Declaration> backends = new ArrayList<>();
  final List<Declaration> devices = new ArrayList<>();
  final List<String> missing = new ArrayList<>();
  final List<String> sentences = new ArrayList<>();
  String ambiguous = "";

  Listed(Wish own, List<Wish> wishes) {
    list(
        own,
        MachineComponent.OBJECTS,
        "memory backend",
        BackendDefinitions.FILE_PID,
        wishes.stream().flatMap(wish -> Declaration.backend(wish).stream()).toList(),
        backends);
    list(
        own,
        MachineComponent.DEVICES,
        "device",
        DeviceDefinitions.NVDIMM_PID,
        wishes.stream().flatMap(wish -> Declaration.device(wish).stream()).toList(),
        devices);
  }

  private void list(
      Wish own,
      String key,
      String kind,
      String sample,
      List<Declaration> declared,
      List<Declaration> found) {
    if (own.isQuoted(key)) {
      ambiguous = own.place() + ": " + key + " is in quotes, and values are written without";
      return;
    }
    Map<String, List<Declaration>> byName =
        declared.stream()
            .filter(one -> one.wish().pid().contains("~"))
            .collect(Collectors.groupingBy(Declaration::name));
    for (String name : own.names(key)) {
      List<Declaration> matches = byName.getOrDefault(name, List.of());
      switch (matches.size()) {
        case 0 -> {
          missing.add(name);
          sentences.add(
              kind
                  + " '"
                  + name
                  + "', which has no configuration: write "
                  + own.placeOf(sample, name)
                  + ", or take "
                  + name
                  + " out of "
                  + key);
        }
        case 1 -> found.add(matches.getFirst());
        default ->
            ambiguous =
                own.place()
                    + ": "
                    + key
                    + " lists "
                    + name
                    + ", and there are two of that name, "
                    + matches.get(0).wish().place()
                    + " and "
                    + matches.get(1).wish().place()
                    + ": take one away, or give it another name";
      }
    }
  }

  /** Returns the declaration of a part of the machine. */
  Declaration declaration(MachineException.Part part) {
    return (part.isDevice() ? devices : backends).get(part.number());
  }

  /** Returns what is being waited for. */
  String reason(Wish own) {
    return own.place() + " lists " + String.join("; ", sentences);
  }

  /**
   * Returns the machine that is asked for.
   *
   * @throws OptionException if a configuration has a mistake
   */
  MachineSpec spec(Wish own) throws OptionException {
    List<BackendSpec> specs = new ArrayList<>();
    for (Declaration declared : backends) {
      specs.add(declared.backend());
    }
    List<DeviceSpec> deviceSpecs = new ArrayList<>();
    for (Declaration declared : devices) {
      deviceSpecs.add(declared.device());
    }
    return new MachineSpec(definition(own), specs, deviceSpecs);
  }

  /**
   * Returns the sentence with the configuration that it is about before it. Configurations from the
   * command line have no place to name.
   */
  String placed(MachineException e, String sentence, Wish own) {
    Wish wish = e.part().map(part -> declaration(part).wish()).orElse(own);
    return wish.placed(sentence);
  }

  /** Returns what a machine's configuration says of the machine itself. */
  static ParsedObject definition(Wish own) throws OptionException {
    Map<String, Object> properties = new HashMap<>(own.properties());
    properties.remove(MachineComponent.OBJECTS);
    properties.remove(MachineComponent.DEVICES);
    return MachineDefinition.BOTH.checkConfiguration(own.place(), properties);
  }
}
