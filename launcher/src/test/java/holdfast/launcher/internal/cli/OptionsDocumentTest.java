package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyDefinition.Absence;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** {@code docs/options.md} says of each option what the code says of it. */
class OptionsDocumentTest {
  private static final Path DOCUMENT = Path.of("../docs/options.md");
  private static final int COLUMNS = 5;

  /** The document's sections with a table of properties, by heading. */
  private static Map<String, TypeDefinition> sections() {
    Map<String, TypeDefinition> sections = new LinkedHashMap<>();
    sections.put("-machine", MachineDefinition.MACHINE);
    sections.put("-m", MachineDefinition.MEMORY);
    for (TypedOption option : List.of(BackendDefinitions.OPTION, DeviceDefinitions.OPTION)) {
      option.types().forEach(type -> sections.put(option.option() + " " + type.name(), type));
    }
    return sections;
  }

  @TestFactory
  @DisplayName("each property has its row, with value, default and meaning as in the code")
  Stream<DynamicTest> propertiesAreDescribed() throws IOException {
    String document = Files.readString(DOCUMENT);
    return sections().entrySet().stream()
        .map(
            section ->
                DynamicTest.dynamicTest(
                    section.getKey(),
                    () -> compare(section.getValue(), rows(document, section.getKey()))));
  }

  private static void compare(TypeDefinition type, List<List<String>> rows) {
    assertEquals(
        type.properties().stream().map(OptionsDocumentTest::row).toList(),
        rows.stream().map(row -> row.subList(0, COLUMNS - 1)).toList());
    rows.forEach(row -> assertFalse(row.getLast().isBlank(), row.getFirst() + ": refused when?"));
  }

  private static List<String> row(PropertyDefinition<?> property) {
    String standard =
        switch (property.absence()) {
          case Absence.Refused() -> "required";
          case Absence.Unset() -> "-";
          case Absence.Default(String text) -> "`" + text + "`";
        };
    return List.of(
        "`" + property.name() + "`",
        "`" + property.type().form() + "`",
        standard,
        property.description() + (property.live() ? "; **can be changed live**" : ""));
  }

  /** The rows of the table below a heading. */
  private static List<List<String>> rows(String document, String heading) {
    int begin = document.indexOf("\n## " + heading + "\n");
    assertTrue(begin >= 0, () -> "no section " + heading);
    List<List<String>> rows = new ArrayList<>();
    for (String line : document.substring(begin + 1).lines().skip(1).toList()) {
      if (line.startsWith("## ")) {
        break;
      }
      if (line.startsWith("| `")) {
        rows.add(cells(line));
      }
    }
    return rows;
  }

  private static List<String> cells(String line) {
    return Arrays.stream(line.substring(1, line.length() - 1).split("(?<!\\\\)\\|"))
        .map(cell -> cell.strip().replace("\\|", "|"))
        .toList();
  }

  @Test
  @DisplayName("each option of the usage text is in the document")
  void optionsAreDescribed() throws IOException {
    String document = Files.readString(DOCUMENT);
    for (String word : Usage.text().split("[\\s,\\[\\]]+")) {
      if (word.matches("-[a-z]+")) {
        assertTrue(document.contains("`" + word), () -> word + " is not in " + DOCUMENT);
      }
    }
  }
}
