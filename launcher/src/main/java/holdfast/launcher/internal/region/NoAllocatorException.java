package holdfast.launcher.internal.region;

import holdfast.backend.api.RamBlockSpec;
import java.util.List;

/** No allocator service is registered that takes the block. It may come yet. */
public final class NoAllocatorException extends Exception {
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

  private NoAllocatorException(String sentence) {
    super(sentence);
  }

  /** The same sentence with the place before it where the block is configured. */
  public NoAllocatorException in(String place) {
    NoAllocatorException inPlace = new NoAllocatorException(place + ": " + getMessage());
    inPlace.initCause(this);
    return inPlace;
  }
}
