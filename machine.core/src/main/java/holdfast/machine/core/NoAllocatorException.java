package holdfast.machine.core;

import holdfast.backend.api.RamBlockSpec;
import java.util.List;

/** No registered allocator service accepts the block. One may still be registered. */
public final class NoAllocatorException extends MachineException {
  private static final long serialVersionUID = 1;

  NoAllocatorException(RamBlockSpec spec, List<Candidate> present) {
    super(
        "memory backend '"
            + spec.id()
            + "' on "
            + spec.backing()
            + ": no allocator service takes it ("
            + (present.isEmpty() ? "none is registered" : "registered: " + present)
            + "); start the bundle holdfast.backend.file, or holdfast.backend.dax for pmem=on");
  }
}
