package holdfast.itest.dax;

import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import holdfast.machine.migration.Migrations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Starts the machines of a {@link MigrationHost} whose power was cut. Run by itself. Prints, in
 * fields separated by tabs, {@code verdict}, the halt, the machine, what was asked, and the refusal
 * or nothing. Asked is for each file whether a machine is started from it ({@code a}, {@code b})
 * and whether a guest is taken into it ({@code incoming a}, {@code incoming b}); and then a machine
 * is started on both ({@code start}).
 *
 * <p>Where neither machine of a halt starts it does what the refusal of machine 2 says, prints
 * {@code proved} with the halt if it found what that names, and starts both again ({@code start
 * again}).
 */
final class MigrationJudge {
  private static final Pattern MIGRATION =
      Pattern.compile("says moved for the migration ([0-9a-f-]{36})");

  private MigrationJudge() {}

  /** Judges all. */
  public static void main(String[] none) throws IOException {
    for (MigrationHalt halt : MigrationHalt.values()) {
      Optional<String> first = judge(halt, 1);
      Optional<String> second = judge(halt, 2);
      if (first.isPresent() && second.isPresent()) {
        prove(halt, second.get());
        start(halt, 1, "start again");
        start(halt, 2, "start again");
      }
    }
  }

  private static Optional<String> judge(MigrationHalt halt, int vm) {
    for (NvdimmOption nvdimm : halt.nvdimms(vm)) {
      Path file = Path.of(nvdimm.file());
      print(halt, vm, nvdimm.id(), Migrations.imageCheck(false).refusal(file));
      print(halt, vm, "incoming " + nvdimm.id(), Migrations.imageCheck(true).refusal(file));
    }
    return start(halt, vm, "start");
  }

  private static Optional<String> start(MigrationHalt halt, int vm, String asked) {
    Optional<String> refusal = Optional.empty();
    try {
      Holdfast.open(halt.options(vm)).close();
    } catch (MachineException e) {
      refusal = Optional.of("" + e.getMessage());
    }
    print(halt, vm, asked, refusal);
    return refusal;
  }

  private static void print(MigrationHalt halt, int vm, String asked, Optional<String> refusal) {
    System.out.println("verdict\t" + halt + "\t" + vm + "\t" + asked + "\t" + refusal.orElse(""));
  }

  /** Deletes the notes of machine 2 if one of machine 1 says that the guest has moved. */
  private static void prove(MigrationHalt halt, String refusal) throws IOException {
    Matcher migration = MIGRATION.matcher(refusal);
    if (!migration.find()) {
      return;
    }
    for (NvdimmOption nvdimm : halt.nvdimms(1)) {
      if (Files.exists(note(nvdimm))) {
        String note = Files.readString(note(nvdimm));
        if (note.contains("\"moved\"") && note.contains(migration.group(1))) {
          System.out.println("proved\t" + halt);
          for (NvdimmOption copy : halt.nvdimms(2)) {
            Files.delete(note(copy));
          }
          return;
        }
      }
    }
  }

  private static Path note(NvdimmOption nvdimm) {
    return Path.of(nvdimm.file() + ".migration.json");
  }
}
