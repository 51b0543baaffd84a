package holdfast.machine.config;

import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes a machine as the options that describe it, as {@link MachineOptions} reads them. */
public final class OptionWriter {
  private OptionWriter() {}

  /**
   * Returns the options that describe a machine, each followed by its value: {@code -machine},
   * {@code -m}, and an {@code -object} and {@code -device} for each. What has its default is left
   * out. Two things have no option and are left out, too: an emulator's own guest addresses, and
   * which allocators may be used.
   */
  public static List<String> write(MachineSpec spec) {
    List<String> words = new ArrayList<>();
    ParsedObject machine = spec.machine();
    Map<String, String> written = MachineDefinition.BOTH.written(machine);
    List<String> own = new ArrayList<>(List.of(machine.text("type").orElseThrow()));
    List<String> memory = new ArrayList<>();
    written.forEach(
        (name, text) -> {
          if (MachineDefinition.MEMORY.properties().stream()
              .anyMatch(property -> property.name().equals(name))) {
            memory.add(TypeDefinition.item(name, text));
          } else if (!name.equals("type")) {
            own.add(TypeDefinition.item(name, text));
          }
        });
    add(words, "-machine", own);
    if (!memory.isEmpty()) {
      add(words, "-m", memory);
    }
    for (BackendSpec backend : spec.backends()) {
      List<String> items = new ArrayList<>(List.of(backend.object().typeName()));
      items.addAll(backend.object().type().items(backend.object()));
      add(words, "-object", items);
    }
    spec.devices().forEach(device -> add(words, "-device", DeviceDefinitions.items(device)));
    return words;
  }

  private static void add(List<String> words, String option, List<String> items) {
    words.add(option);
    words.add(String.join(",", items));
  }
}
