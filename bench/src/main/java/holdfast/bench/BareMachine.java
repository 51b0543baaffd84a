package holdfast.bench;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A machine without a framework around it. */
final class BareMachine {
  private BareMachine() {}

  /** Opens a machine whose base RAM, {@code ram}, is a shared mapping of a new file. */
  static Machine open(Path file, long size, RamBlockAllocator allocator) throws Exception {
    Candidates candidates = new Candidates();
    candidates.add(allocator);
    Map<String, Object> ram =
        Map.of("id", "ram", "mem-path", file.toString(), "size", size + "B", "share", "on");
    return Machine.open(
        new MachineSpec(
            MachineDefinition.BOTH.checkConfiguration("machine", Map.of("memory-backend", "ram")),
            List.of(new BackendSpec(BackendDefinitions.FILE.checkConfiguration("ram", ram))),
            List.of()),
        candidates,
        ImageCheck.NONE);
  }
}
