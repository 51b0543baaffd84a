package holdfast.machine.core;

import holdfast.machine.admin.RefusedException;
import holdfast.machine.config.BackendDefinitions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folders in which an operator's service may name files while the machine runs: {@code
 * x-monitor-folders}. A file is looked for where its name leads, symbolic links followed. Who may
 * rename folders in an allowed folder can exchange one between the check and the opening.
 *
 * @param folders with everything beneath them; empty for all files of the host, while a list that
 *     names none allows none
 */
record MonitorFolders(Optional<List<Path>> folders) {
  /** Returns those that a machine's property names, separated by colons. */
  static MonitorFolders of(Optional<String> property) {
    return new MonitorFolders(
        property.map(
            text ->
                Stream.of(text.split(":"))
                    .filter(folder -> !folder.isEmpty())
                    .map(Path::of)
                    .toList()));
  }

  /** Checks the files that properties name. */
  void require(Map<String, String> properties) throws RefusedException {
    for (String property : BackendDefinitions.FILES) {
      String value = properties.get(property);
      if (value != null && !value.isEmpty()) {
        require(property + "=" + value, value);
      }
    }
  }

  /**
   * Checks one file.
   *
   * @param what what names it, for people
   */
  void require(String what, String file) throws RefusedException {
    if (folders.isEmpty()) {
      return;
    }
    Path wanted;
    try {
      wanted = Path.of(file);
    } catch (InvalidPathException e) {
      return; // which is no file, and refused with its own sentence
    }
    Optional<Path> real = real(wanted);
    if (real.isEmpty()
        || folders.get().stream()
            .flatMap(folder -> real(folder).stream())
            .noneMatch(folder -> real.get().startsWith(folder))) {
      throw new RefusedException(
          what
              + " is not in a folder that x-monitor-folders allows, which are "
              + (folders.get().isEmpty()
                  ? "none"
                  : String.join(", ", folders.get().stream().map(Path::toString).toList()))
              + "; choose a file there, or start the machine with another list");
    }
  }

  /**
   * Returns the real path as far as there is one, with the rest of the names behind it; empty if a
   * link leads nowhere, where a file could be made, or elsewhere than its text says, as those of
   * proc(5) do.
   */
  private static Optional<Path> real(Path path) {
    Path absolute = path.toAbsolutePath();
    for (Path known = absolute; known != null; known = known.getParent()) {
      if (Files.exists(known, LinkOption.NOFOLLOW_LINKS)) {
        try {
          Path real = known.toRealPath();
          return Files.isSameFile(known, real)
              ? Optional.of(real.resolve(known.relativize(absolute)).normalize())
              : Optional.empty();
        } catch (IOException e) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }
}
