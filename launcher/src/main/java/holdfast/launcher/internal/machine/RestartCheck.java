package holdfast.launcher.internal.machine;

import holdfast.backend.api.Backing;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlock;
import holdfast.host.linux.files.FoundFile;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether a machine that is ended can come up again with all that its files hold.
 *
 * @param machine the machine that is up
 */
record RestartCheck(Machine machine) {
  /** The property by which a machine waits for its guest. */
  private static final String INCOMING = "x-incoming";

  /**
   * Checks it.
   *
   * @param stored what is configured; null if that can't be read
   */
  void require(@Nullable Configurations stored) throws RefusedException {
    Optional<Wish> own = own(stored);
    if (own.isEmpty()) {
      throw new RefusedException(
          "it would not come up again: its configurations can't be read, since ConfigAdmin is gone");
    }
    requireGuest(own.get());
    for (Backend backend : machine.backends()) {
      requireFile(backend);
    }
  }

  private static Optional<Wish> own(@Nullable Configurations stored) throws RefusedException {
    try {
      return stored == null
          ? Optional.empty()
          : Reconciler.find(stored.all(), MachineComponent.PID);
    } catch (IOException e) {
      throw new RefusedException("what is configured can't be read at the moment: " + e);
    }
  }

  private void requireGuest(Wish own) throws RefusedException {
    Ownership ownership = machine.standing().ownership();
    if (ownership != Ownership.OWNER && ownership != Ownership.AWAITED) {
      throw new RefusedException(new MachineState.Up(machine).status().sentence());
    }
    Object incoming = own.properties().get(INCOMING);
    if (ownership == Ownership.OWNER && incoming != null) {
      throw new RefusedException(
          "it would wait for a guest again, with "
              + INCOMING
              + "="
              + incoming
              + (own.isOfCommandLine()
                  ? ": end it, and start it with the options that ram:options tells"
                  : ": take that out of " + own.place() + " first"));
    }
  }

  /** Checks that the path still leads to the file that is open, which is gone else. */
  private static void requireFile(Backend backend) throws RefusedException {
    RamBlock block = backend.region().status().block();
    Optional<FileIdentity> open = block.file();
    if (open.isPresent()
        && block.spec().backing() instanceof Backing.File(Path path, _, _)
        && !open.equals(at(path))) {
      throw new RefusedException(
          "memory backend '"
              + backend.region().id()
              + "' on "
              + path
              + ": its file is not there any more, it was deleted, renamed or replaced; what it holds"
              + " would be lost: swap it to another file first");
    }
  }

  private static Optional<FileIdentity> at(Path path) {
    try {
      return FoundFile.status(FoundFile.realPath(path))
          .map(status -> status.identity(FileIdentity::new));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
