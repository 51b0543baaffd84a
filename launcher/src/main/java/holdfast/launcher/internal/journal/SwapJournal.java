package holdfast.launcher.internal.journal;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.backend.api.BackendId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tells, after a crash, which of the two files of a swap is the good one: two small files, one
 * beside the new file, one beside the old, each written as a whole and made durable before the swap
 * goes on.
 *
 * <p>The note beside the <em>new</em> file decides: as long as it says {@code copying}, the new
 * file is an unfinished copy and the old one is good; from {@code complete} on the new one is good.
 * The note beside the <em>old</em> file leads to it: {@code copying} until shortly before the
 * switch, when the old file is good in any case, then {@code switching}: from there on the old file
 * is refused unless the new one's note can be read and says that it is not complete. When all is
 * done the old file's note says {@code moved} and stays, and the new file's is removed. Where the
 * new side takes no note, {@code moved} is the moment.
 */
public final class SwapJournal {
  private static final Logger LOG = LoggerFactory.getLogger(SwapJournal.class);

  /** What a note says of the file that it stands beside. */
  private static final String COPYING = "copying";

  private static final String SWITCHING = "switching";
  private static final String COMPLETE = "complete";
  private static final String MOVED = "moved";

  private static final String OUT_OF_DATE = ", and this file is out of date";
  private static final String USE_OLD = "to use the old content all the same";

  /** What is said of a side of the swap that is in no file. */
  private static final String MEMORY = "memory that is gone";

  private final BackendId region;
  private final Side from;
  private final Side to;
  private final Instant started;
  private final Runnable changed;

  /** Whether the note beside the new file may have been written. */
  private boolean begun;

  /** Whether the new file was not to be used before the swap either. */
  private boolean replaced;

  /** What stood beside the new file of a swap away from it. */
  private Optional<Map<String, Object>> movedAway = Optional.empty();

  /**
   * @param from where the bytes are
   * @param to where they go
   * @param started tells this swap from others between the same files
   */
  public SwapJournal(BackendId region, Side from, Side to, Instant started) {
    this(region, from, to, started, () -> {});
  }

  /**
   * @param changed told after each change of a note, before the next
   */
  SwapJournal(BackendId region, Side from, Side to, Instant started, Runnable changed) {
    this.changed = changed;
    this.region = region;
    this.from = from;
    this.to = to;
    this.started = started;
  }

  private static Path noteOfNew(Path file) {
    return beside(file, ".swap-from.json");
  }

  private static Path noteOfOld(Path file) {
    return beside(file, ".swap-to.json");
  }

  /** Beside the file itself, not beside a symbolic link to it. */
  private static Path beside(Path file, String suffix) {
    Path absolute = file.toAbsolutePath();
    try {
      absolute = absolute.toRealPath();
    } catch (IOException e) {
      LOG.debug("{} is not there yet, or can't be followed: {}", absolute, e.toString());
    }
    return absolute.resolveSibling(absolute.getFileName() + suffix);
  }

  /**
   * Before the first byte is copied: the new file is unfinished.
   *
   * @throws IOException if that can't be kept, or the file is another swap's; nothing is left
   *     behind
   */
  public void begin() throws IOException {
    if (to.noted().isEmpty()) {
      return;
    }
    Path file = to.noted().get();
    requireOwn(file);
    settle(file, changed);
    replaced = isLeftBehind(file);
    movedAway = read(noteOfOld(file)).filter(note -> MOVED.equals(note.get("state")));
    begun = true;
    write(noteOfNew(file), COPYING);
    // left by a swap away from this file: from here on the new note speaks for it
    remove(noteOfOld(file));
    noteBesideOld(COPYING);
  }

  /** That no other swap is under way to a file. */
  private void requireOwn(Path file) throws IOException {
    Optional<Map<String, Object>> note = read(noteOfNew(file));
    if (note.isPresent() && COPYING.equals(note.get().get("state")) && !isOurs(note.get())) {
      Object source = note.get().get("from");
      boolean ofOurRegion = from.path().map(path -> path.toString().equals(source)).orElse(false);
      if (!ofOurRegion && isInUse(source)) {
        throw new IOException(
            file + " is what " + source + " is being swapped to: name another file");
      }
    }
  }

  /**
   * Just before the writers pause: from here on the old file must not be used unless the new one
   * can be asked. The switch itself is one change of one note.
   */
  public void prepareSwitch() {
    if (to.noted().isPresent()) {
      noteBesideOld(SWITCHING);
    }
  }

  private void noteBesideOld(String state) {
    if (from.noted().isEmpty()) {
      return;
    }
    Path file = from.noted().get();
    try {
      settle(file, changed);
    } catch (IOException e) {
      LOG.warn(
          "memory backend '{}': the notes of the swap that made {} stay behind: {}",
          region,
          file,
          e.toString());
    }
    try {
      write(noteOfOld(file), state);
    } catch (IOException e) {
      // its disk may be the reason for the swap: then only the new file's note can tell
      LOG.warn(
          "memory backend '{}': beside {} no note of the swap can be kept ({}): when the swap is"
              + " done, see to it yourself that this file is not used any more",
          region,
          file,
          e.toString());
    }
  }

  /**
   * Of a file that became the good one by a swap that was cut off before it was ended: ends it, so
   * that no other note depends on the one beside this file, which is to be replaced.
   */
  private static void settle(Path file, Runnable changed) throws IOException {
    Optional<Map<String, Object>> own = read(noteOfNew(file));
    if (own.isEmpty() || !COMPLETE.equals(own.get().get("state"))) {
      return;
    }
    Object old = own.get().get("from");
    if (old != null) {
      Path note = noteOfOld(Path.of(old.toString()));
      Optional<Map<String, Object>> away = read(note);
      if (away.isPresent() && isPair(away.get(), own.get())) {
        Map<String, Object> moved = new LinkedHashMap<>(away.get());
        moved.put("state", MOVED);
        write(note, moved);
        changed.run();
      }
    }
    delete(noteOfNew(file));
    changed.run();
  }

  /** Whether two notes are of the same swap. */
  private static boolean isPair(Map<String, Object> old, Map<String, Object> fresh) {
    return Objects.equals(old.get("started"), fresh.get("started"))
        && Objects.equals(old.get("from"), fresh.get("from"))
        && Objects.equals(old.get("to"), fresh.get("to"));
  }

  /** Whether a note is of this swap. */
  private boolean isOurs(Map<String, Object> note) {
    return isPair(note, content(COPYING));
  }

  /**
   * The new side holds everything, durably: from here on it is the good one.
   *
   * @throws IOException if that can't be kept: then the old one still is
   */
  public void complete() throws IOException {
    try {
      if (to.noted().isPresent()) {
        write(noteOfNew(to.noted().get()), COMPLETE);
      } else if (from.noted().isPresent()) {
        write(noteOfOld(from.noted().get()), MOVED);
      }
    } catch (IOException e) {
      try {
        reopen(); // its name may have been replaced before that failed
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * The switch did not take place after all: the old side is the good one again.
   *
   * @throws IOException if that can't be kept; an error says which file is not to be used
   */
  public void reopen() throws IOException {
    try {
      if (to.noted().isPresent()) {
        write(noteOfNew(to.noted().get()), COPYING);
      } else if (from.noted().isPresent()) {
        remove(noteOfOld(from.noted().get()));
      }
    } catch (IOException e) {
      LOG.error(
          "memory backend '{}': the notes of its swap can't be corrected ({}): whatever they say,"
              + " {} is the good one, and {} is not",
          region,
          e.toString(),
          words(from),
          words(to));
      throw e;
    }
  }

  private static String words(Side side) {
    return side.path().map(Path::toString).orElse(MEMORY);
  }

  /** The old side was let go. */
  public void end() {
    try {
      if (from.noted().isPresent()) {
        write(noteOfOld(from.noted().get()), MOVED);
      }
      if (to.noted().isPresent()) {
        removeOwn(noteOfNew(to.noted().get()));
      }
    } catch (IOException e) {
      LOG.warn("memory backend '{}': the swap's notes stay behind: {}", region, e.toString());
    }
  }

  /**
   * The swap was rolled back. If the new file is still there and was written into, which is so for
   * one that was to be overwritten, it is an unfinished copy for good, and its note stays.
   *
   * @param written whether the new file may have been written into
   */
  public void abandon(boolean written) {
    if (to.noted().isEmpty() || !begun) {
      return;
    }
    Path file = to.noted().get();
    try {
      if (from.noted().isPresent()) {
        removeOwn(noteOfOld(from.noted().get()));
      }
      if ((written || replaced) && Files.exists(file) && Files.size(file) > 0) {
        LOG.warn(
            "memory backend '{}': what {} held before the swap can't be used any more: delete it, and"
                + " {}",
            region,
            file,
            noteOfNew(file));
        return;
      }
      if (movedAway.isPresent()) {
        write(noteOfOld(file), movedAway.get()); // as it was before
      }
      removeOwn(noteOfNew(file));
    } catch (IOException e) {
      LOG.warn("memory backend '{}': the swap's notes stay behind: {}", region, e.toString());
    }
  }

  /** Removes a note, unless it is another swap's. */
  private void removeOwn(Path note) throws IOException {
    Optional<Map<String, Object>> present = read(note);
    if (present.isPresent() && isOurs(present.get())) {
      remove(note);
    }
  }

  /**
   * Whether a file holds what an earlier swap moved elsewhere, or the unfinished copy of one, and
   * so may be overwritten.
   *
   * @param file any path
   */
  public static boolean isLeftBehind(Path file) {
    return is(noteOfOld(file), MOVED) || is(noteOfNew(file), COPYING);
  }

  private static boolean is(Path note, String state) {
    return read(note).map(content -> state.equals(content.get("state"))).orElse(false);
  }

  /**
   * Why a file must not be used to start from: it is the unfinished copy of a swap, or what a swap
   * left behind. An empty string if it may be. A note that no longer matters is removed, unless the
   * swap may be under way in another process.
   */
  public static String refusal(Path file) {
    Path mine = noteOfNew(file);
    Path left = noteOfOld(file);
    Optional<Map<String, Object>> own = read(mine);
    Optional<Map<String, Object>> away = read(left);
    if (!Files.exists(file)) {
      if (own.isEmpty() && away.isPresent() && MOVED.equals(away.get().get("state"))) {
        return "it is not there any more, and "
            + moved(away.get(), left, "to begin with an empty file", "");
      }
      if (own.isEmpty() || !isInUse(own.get().get("from"))) {
        forgetMissing(file);
      }
      return "";
    }
    if (own.isPresent() && !COMPLETE.equals(own.get().get("state"))) {
      Object source = own.get().get("from");
      return "it is the unfinished copy of "
          + (source == null ? MEMORY : source)
          + ", of a swap that was cut off on "
          + own.get().get("started")
          + ": "
          + (source == null ? "" : "start with mem-path=" + source + ", or ")
          + "delete this file and "
          + mine;
    }
    if (away.isEmpty()) {
      return "";
    }
    Object state = away.get().get("state");
    if (COPYING.equals(state) || SWITCHING.equals(state)) {
      return refusalOfOld(file, left, away.get(), SWITCHING.equals(state));
    }
    return MOVED.equals(state)
        ? moved(away.get(), left, USE_OLD, OUT_OF_DATE)
        : "whether a swap moved its content elsewhere can't be told, since "
            + left
            + " can't be read: to use this file all the same, delete that one";
  }

  /** Of the old file of a swap that was not ended: what the new file's note says. */
  private static String refusalOfOld(
      Path file, Path left, Map<String, Object> away, boolean switching) {
    Object target = away.get("to");
    Optional<Map<String, Object>> theirs =
        (target == null ? Optional.<Map<String, Object>>empty() : read(noteOfNew(path(target))))
            .filter(note -> isPair(away, note));
    if (theirs.isPresent() && COMPLETE.equals(theirs.get().get("state"))) {
      return moved(away, left, USE_OLD, OUT_OF_DATE);
    }
    if (switching && theirs.isEmpty()) {
      return "it was being swapped to "
          + target
          + ", and whether that took place can't be told, since "
          + (target == null ? "that" : noteOfNew(path(target)))
          + " can't be read: mount what it is on; or, to use this file all the same, delete "
          + left;
    }
    if (!isInUse(file)) {
      forget(left); // the swap was cut off before its switch
    }
    return "";
  }

  private static Path path(Object noted) {
    return Path.of(noted.toString());
  }

  private static String moved(
      Map<String, Object> away, Path left, String purpose, String consequence) {
    Object target = away.get("to");
    return "its content was moved to "
        + (target == null ? MEMORY : target)
        + " by a swap on "
        + away.get("started")
        + consequence
        + ": "
        + (target == null ? "" : "start with mem-path=" + target + ", or, ")
        + purpose
        + ", delete "
        + left;
  }

  /** Whether a machine, of this process or of another, has a file locked and may be swapping it. */
  private static boolean isInUse(@Nullable Object path) {
    if (path == null) {
      return false;
    }
    // the machine's lock is an open file description's, so that this one meets it, whose ever it is
    try (FileChannel channel = FileChannel.open(Path.of(path.toString()), StandardOpenOption.READ);
        FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
      return lock == null;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      return true; // who knows
    }
  }

  /** The notes of a file that is gone; what waits for it to become good has lost it. */
  private static void forgetMissing(Path file) {
    try {
      settle(file, () -> {});
    } catch (IOException e) {
      LOG.info("the notes of {} stay behind: {}", file, e.toString());
      return;
    }
    forgetAll(file);
  }

  /** Removes what a swap left beside a file that is no longer needed. */
  public static void forgetAll(Path file) {
    forget(noteOfNew(file));
    forget(noteOfOld(file));
  }

  private static void forget(Path note) {
    try {
      Files.deleteIfExists(note);
    } catch (IOException e) {
      LOG.info("{} stays behind: {}", note, e.toString());
    }
  }

  private static Optional<Map<String, Object>> read(Path note) {
    if (!Files.exists(note)) {
      return Optional.empty();
    }
    try {
      Map<String, Object> content = JSON.std.mapFrom(Files.readString(note));
      if (content == null) {
        throw new IOException("it is empty");
      }
      return Optional.of(content);
    } catch (IOException e) {
      // notes are replaced as a whole, so this is none of ours or the disk fails: be careful
      LOG.warn("{} can't be read: {}", note, e.toString());
      return Optional.of(Map.of("state", "unreadable", "from", "another file", "started", "?"));
    }
  }

  private Map<String, Object> content(String state) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("region", region.value());
    from.path().ifPresent(path -> content.put("from", path.toString()));
    to.path().ifPresent(path -> content.put("to", path.toString()));
    content.put("started", started.toString());
    content.put("state", state);
    return content;
  }

  private void write(Path note, String state) throws IOException {
    write(note, content(state));
    changed.run();
  }

  private static void write(Path note, Map<String, Object> content) throws IOException {
    Path fresh = note.resolveSibling(note.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try {
      try (FileChannel channel =
          FileChannel.open(
              fresh,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        ByteBuffer bytes =
            ByteBuffer.wrap((JSON.std.asString(content) + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE);
      syncFolder(note);
    } catch (IOException e) {
      Files.deleteIfExists(fresh);
      throw e;
    }
  }

  private void remove(Path note) throws IOException {
    delete(note);
    changed.run();
  }

  private static void delete(Path note) throws IOException {
    if (Files.deleteIfExists(note)) {
      syncFolder(note);
    }
  }

  /** A name is durable when its folder is, fsync(2). */
  private static void syncFolder(Path note) throws IOException {
    try (FileChannel folder = FileChannel.open(note.getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
