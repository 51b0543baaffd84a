package holdfast.launcher.internal.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.HeldFile;
import holdfast.host.linux.files.PendingFile;
import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file with the number of this process, which it keeps locked as long as it runs: a number that
 * a killed process left behind is nobody's, whoever has that number now. Its owner alone can read
 * it, as with QEMU: who could read it could lock it. Thread-safe.
 */
final class PidFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PidFile.class);
  private static final String OPTION = "-pidfile ";

  /** As long as the longest number, with its line break. */
  private static final int LONGEST = 20;

  private static final int MOST_TRIES = 100;

  private final Path path;
  private final HeldFile held;
  private boolean closed;

  private PidFile(Path path, HeldFile held) {
    this.path = path;
    this.held = held;
  }

  /**
   * Writes the file.
   *
   * @throws CommandException if a process that lives has it, it holds something else, or it can't
   *     be written
   */
  static PidFile write(String text) throws CommandException {
    if (text.isEmpty()) {
      throw new CommandException(OPTION + "needs the name of a file");
    }
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw new CommandException(OPTION + Excerpt.of(text) + ": " + e.getReason());
    }
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw refused(path, "its folder does not exist; make it first");
    }
    try {
      for (int tries = 0; tries < MOST_TRIES; tries++) {
        Optional<PidFile> written = tryWrite(path);
        if (written.isPresent()) {
          return written.get();
        }
      }
      throw refused(path, "others make and delete it all the time");
    } catch (FileSystemException e) {
      String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
      throw refused(path, reason + "; choose a place that you may write to");
    } catch (IOException e) {
      throw refused(path, "it can't be written: " + e.getMessage());
    }
  }

  private static CommandException refused(Path path, String why) {
    return new CommandException(named(path) + ": " + why);
  }

  private static String named(Path path) {
    return OPTION + Excerpt.of(path.toString());
  }

  /** Writes the file; empty if another process has made or deleted it meanwhile. */
  private static Optional<PidFile> tryWrite(Path path) throws IOException, CommandException {
    try (FoundFile found = FoundFile.at(path).orElse(null)) {
      if (found == null) {
        return make(path);
      }
      if (found.status().type() != FileStatus.Type.REGULAR) {
        throw refused(path, "it is " + found.status().type() + "; choose another path");
      }
      if (found.status().size() > LONGEST || !content(found).matches("[0-9]*")) {
        throw refused(
            path,
            "there is a file that holds something else than the number of a process; choose"
                + " another path, or take it away");
      }
      try (HeldFile old = found.hold().orElse(null)) {
        if (old == null) {
          throw new TakenPidFileException(named(path) + ": " + whoHas(content(found)));
        }
        return old.isAt(path) ? replace(path) : Optional.empty();
      }
    }
  }

  private static String whoHas(String number) {
    boolean lives = !number.isEmpty() && ProcessHandle.of(Long.parseLong(number)).isPresent();
    return lives
        ? "process " + number + " has it, and lives; end that process, or choose another file"
        : "another process has it locked; lslocks shows which one: end that, or choose another file";
  }

  private static String content(FoundFile found) throws IOException {
    return new String(found.read(LONGEST), US_ASCII).strip();
  }

  private static Optional<PidFile> make(Path path) throws IOException {
    try (PendingFile file = pending(path)) {
      file.becomeTarget();
      return Optional.of(new PidFile(path, file.keepHeld()));
    } catch (FileAlreadyExistsException e) {
      return Optional.empty();
    }
  }

  /** The caller holds the file that is there. */
  private static Optional<PidFile> replace(Path path) throws IOException {
    try (PendingFile file = pending(path)) {
      file.replaceTarget();
      return Optional.of(new PidFile(path, file.keepHeld()));
    }
  }

  private static PendingFile pending(Path path) throws IOException {
    PendingFile file = PendingFile.beside(path, ".new");
    try {
      file.write((ProcessHandle.current().pid() + "\n").getBytes(US_ASCII));
      return file;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Deletes the file, unless another one is in its place. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (held) {
      if (held.isAt(path)) {
        Files.delete(path);
      }
    } catch (NoSuchFileException e) {
      LOG.debug("{} was deleted by somebody else", path);
    } catch (IOException e) {
      LOG.warn("the pid file {} stays behind: {}", path, e.getMessage());
    }
  }
}
