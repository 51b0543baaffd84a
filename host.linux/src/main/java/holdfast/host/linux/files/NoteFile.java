package holdfast.host.linux.files;

import holdfast.host.linux.FileStatus;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small file beside another that records something about it, under that file's name and a suffix.
 * It is trusted if it is a regular file that belongs to the file's owner, to root or to this
 * process' user, and has a reasonable length; no link is followed to it. Reading it never blocks.
 *
 * <p>Thread-safe, as far as each call is one step; of two writers at the same time one fails.
 *
 * @param file the file that it is about, as {@link FoundFile#realPath} returns it
 * @param suffix what is appended to that file's name, such as {@code .note.json}
 * @param kind what the note is, for messages: "note of a swap"
 */
public record NoteFile(Path file, String suffix, String kind) {
  private static final Logger LOG = LoggerFactory.getLogger(NoteFile.class);

  /** The greatest length, in bytes. Enough for two paths of any length, each byte escaped. */
  public static final int LONGEST = 64 << 10;

  private static final int ROOT = 0;

  /** Appended to a note's name for one that is about to take its place. */
  private static final String PENDING = ".new";

  /** What is at a note's path. */
  @ProviderType
  public sealed interface Content {
    /** The bytes of a note that is trusted. */
    @SuppressWarnings("ArrayRecordComponent") // handed on once, and never compared
    record Trusted(byte[] bytes) implements Content {}

    /**
     * A note that is not trusted, or can't be read.
     *
     * @param reason the rest of a sentence that begins with the note: "is a FIFO, …"
     */
    record Untrusted(String reason) implements Content {}
  }

  /** Returns the note beside a file, and not beside a symbolic link to it. */
  public static NoteFile beside(Path file, String suffix, String kind) {
    return new NoteFile(FoundFile.realPath(file), suffix, kind);
  }

  /** Returns its path. */
  public Path path() {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  /** Returns its content; empty if it doesn't exist. */
  public Optional<Content> read() {
    try (FoundFile found = FoundFile.at(path()).orElse(null)) {
      return found == null ? Optional.empty() : Optional.of(read(found));
    } catch (IOException e) {
      return Optional.of(new Content.Untrusted("can't be read: " + reason(e)));
    }
  }

  private Content read(FoundFile found) throws IOException {
    FileStatus status = found.status();
    if (status.type() != FileStatus.Type.REGULAR) {
      return new Content.Untrusted("is " + status.type() + ", and not a regular file");
    }
    if (!found.isOurs() && !isTrusted(status.owner())) {
      return new Content.Untrusted(
          "belongs to user "
              + Integer.toUnsignedString(status.owner())
              + ", who is neither root nor who owns "
              + shown(file)
              + " or runs this");
    }
    if (status.size() > LONGEST) {
      return new Content.Untrusted("is no " + kind + ": it is " + status.size() + " bytes long");
    }
    return new Content.Trusted(found.read(LONGEST));
  }

  private boolean isTrusted(int owner) throws IOException {
    return owner == ROOT
        || FoundFile.status(file).map(status -> status.owner() == owner).orElse(false);
  }

  private static String reason(IOException e) {
    String reason = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
    return Objects.requireNonNullElse(reason, e.getClass().getSimpleName());
  }

  /**
   * Returns whether somebody, in this process or another, keeps it locked. Returns true if that
   * can't be found out.
   */
  public boolean isLive() {
    try (FoundFile found = FoundFile.at(path()).orElse(null)) {
      return found != null && found.status().type() == FileStatus.Type.REGULAR && found.isLocked();
    } catch (IOException e) {
      LOG.info("whether {} is in use is not known: {}", path(), e.toString());
      return true;
    }
  }

  /**
   * Writes it as a whole and durably, and replaces any existing note.
   *
   * @throws IOException if that can't be done; the existing one may have been replaced before the
   *     failure
   */
  public void write(byte[] content) throws IOException {
    try (PendingFile file = pending(content)) {
      file.replaceTarget();
    }
  }

  /**
   * Writes the file that is to take its place, and that has another suffix until then. It is not
   * durable yet.
   *
   * @throws IOException if that can't be done, or the content is too long for a note; nothing is
   *     left behind
   */
  public PendingFile pending(byte[] content) throws IOException {
    if (content.length > LONGEST) {
      throw new FileSystemException(
          path().toString(),
          null,
          "it would be " + content.length + " bytes long, of at most " + LONGEST);
    }
    PendingFile fresh = PendingFile.beside(path(), PENDING);
    try {
      fresh.write(content);
      return fresh;
    } catch (IOException | RuntimeException | Error e) {
      fresh.close();
      throw e;
    }
  }

  /** Removes what a killed process was about to replace the note at a path with. */
  public static void forgetPending(Path path) throws IOException {
    PendingFile.removeLeftover(path, PENDING);
  }

  /** Removes it, durably. */
  public void remove() throws IOException {
    PendingFile.remove(path());
  }

  /** Removes it if possible, and what a killed process was about to replace it with. */
  public void forget() {
    try {
      remove();
      forgetPending(path());
    } catch (IOException e) {
      LOG.info("{} stays behind: {}", path(), e.toString());
    }
  }

  /** Returns a path as {@link #shown(String)} returns its text. */
  public static String shown(Path path) {
    return shown(path.toString());
  }

  /**
   * Returns what a note says for people: characters that would control a terminal are in
   * hexadecimal.
   */
  public static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    text.chars()
        .forEach(
            c -> {
              if (Character.isISOControl(c)) {
                shown.append("\\u").append(HexFormat.of().toHexDigits((char) c));
              } else {
                shown.append((char) c);
              }
            });
    return shown.toString();
  }
}
