package holdfast.machine.swap;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.swap.internal.journal.ImageNotes;
import holdfast.machine.swap.internal.journal.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Makes the block that a region is swapped to, with the note beside its file. */
final class Preparation {
  private final SwapOrder order;
  private Optional<RamBlock> block = Optional.empty();

  Preparation(SwapOrder order) {
    this.order = order;
  }

  /** Returns the block, if it was made: even if the preparation failed after that. */
  Optional<RamBlock> block() {
    return block;
  }

  /** Makes the block, at addresses of its own. */
  RamBlock make() throws RamBlockException, IOException, GivenUpException {
    order.before(Step.PREPARE);
    Optional<Path> found = existing();
    if (found.isPresent()) {
      // the file may have appeared, or changed, since the swap was planned
      requireOverwritable(found.get());
    } else {
      begin(); // before the file exists: it must never exist without its note
    }
    order.before(Step.ALLOCATE);
    RamBlockSpec spec = order.target().spec().takingOver(order.region().durability());
    RamBlock made = order.target().maker().allocator().allocate(spec);
    block = Optional.of(made);
    if (found.isPresent()) {
      begin(); // not before it is locked: it could be in use by another swap, with notes beside it
    }
    Optional<String> obstacle = obstacle(made);
    if (obstacle.isPresent()) {
      throw new GivenUpException(obstacle.get());
    }
    return made;
  }

  /** Returns why the new block can't take the place of the present one; empty if it can. */
  private Optional<String> obstacle(RamBlock made) {
    Optional<String> misplaced = order.request().backend().misplacedBy(made.align());
    return misplaced.isPresent()
        ? misplaced
        : made.replaceObstacle(order.region().status().block());
  }

  private void begin() throws IOException {
    order.before(Step.JOURNAL);
    order.journal().begin();
  }

  /** Returns the new file if it already exists and isn't empty. */
  private Optional<Path> existing() throws IOException {
    Side side = SwapRequest.side(order.target().spec());
    Optional<Path> file = side.takesNotes() ? side.path() : Optional.empty();
    return file.isPresent() && Files.exists(file.get()) && Files.size(file.get()) > 0
        ? file
        : Optional.empty();
  }

  private void requireOverwritable(Path file) throws GivenUpException {
    if (!order.limits().overwrite() && !ImageNotes.isLeftBehind(file)) {
      throw new GivenUpException(
          file + " holds something by now: name another file, or say that it may be overwritten");
    }
  }
}
