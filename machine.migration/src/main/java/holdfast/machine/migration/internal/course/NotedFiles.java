package holdfast.machine.migration.internal.course;

import holdfast.backend.api.Backing;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.ownership.NotedFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the files of a machine beside which it is noted where its guest is. */
public final class NotedFiles {
  private static final Logger LOG = LoggerFactory.getLogger(NotedFiles.class);

  private NotedFiles() {}

  /**
   * Returns the files into which stores of the guest go and from which a machine can be started
   * again: not private memory, no devices, no file that has lost its name, and none that both sides
   * have, which is the good one wherever the guest is.
   *
   * @param handed tells which memory both sides have
   * @throws IOException if that can't be found out of one
   */
  public static List<NotedFile> of(Machine machine, Predicate<Region> handed) throws IOException {
    List<NotedFile> found = new ArrayList<>();
    for (Backend backend : machine.backends()) {
      if (!handed.test(backend.region())) {
        of(backend.region()).ifPresent(found::add);
      }
    }
    return found;
  }

  private static Optional<NotedFile> of(Region region) throws IOException {
    RamBlockSpec spec = region.spec();
    if (!spec.has(RamFlag.RAM_SHARED)
        || spec.has(RamFlag.RAM_READONLY)
        || !(spec.backing() instanceof Backing.File file)) {
      return Optional.empty();
    }
    try {
      Optional<FileStatus> there = FoundFile.status(file.path());
      Optional<FileIdentity> open = region.status().block().file();
      if (there.isPresent()
          && there.get().type() == FileStatus.Type.REGULAR
          && there.map(status -> status.identity(FileIdentity::new)).equals(open)) {
        return Optional.of(new NotedFile(region.id(), file.path()));
      }
      if (there.isEmpty() || there.get().type() == FileStatus.Type.REGULAR) {
        LOG.warn(
            "memory backend '{}': {} is not the file that it is in any more; if that has another name"
                + " by now, see to it yourself that no machine is started from it after a migration",
            region.id(),
            file.path());
      }
    } catch (IOException e) {
      throw new IOException(
          "whether a note can be beside "
              + file.path()
              + ", of memory backend '"
              + region.id()
              + "', is not known ("
              + e.getMessage()
              + "): see that its folder can be read",
          e);
    }
    return Optional.empty();
  }
}
