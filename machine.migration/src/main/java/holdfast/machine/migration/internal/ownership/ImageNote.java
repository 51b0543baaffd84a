package holdfast.machine.migration.internal.ownership;

import holdfast.host.linux.files.NoteFile;
import holdfast.host.linux.files.PendingFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The note beside an image. It is trusted as {@link NoteFile} says, if it has the content of such a
 * note. Reading it never blocks.
 *
 * @param text the note as text
 */
record ImageNote(NoteFile text) {
  private static final Logger LOG = LoggerFactory.getLogger(ImageNote.class);

  private static final String SUFFIX = ".migration.json";

  /** Returns the note beside a file, and not beside a symbolic link to it. */
  static ImageNote beside(Path file) {
    return new ImageNote(NoteFile.beside(file, SUFFIX, NoteJson.KIND));
  }

  /** Returns the file that it is about, without symbolic links. */
  Path file() {
    return text.file();
  }

  /** Returns its path. */
  Path path() {
    return text.path();
  }

  /** Returns its content; empty if it doesn't exist. */
  Optional<Note> read() {
    return text.read()
        .map(
            content ->
                switch (content) {
                  case NoteFile.Content.Trusted(byte[] bytes) -> read(bytes);
                  case NoteFile.Content.Untrusted(String reason) -> unreadable(reason);
                });
  }

  private Note read(byte[] bytes) {
    try {
      return NoteJson.read(bytes);
    } catch (NoteJson.MalformedException e) {
      return unreadable("" + e.getMessage());
    }
  }

  private Note.Unreadable unreadable(String reason) {
    LOG.debug("{} {}", path(), reason);
    return new Note.Unreadable(reason);
  }

  /** Writes it as a whole and durably, and replaces any existing note. */
  void write(Note.Written note) throws IOException {
    text.write(NoteJson.write(note));
  }

  /** Writes the file that is to take its place, durably but for its name. */
  PendingFile pending(Note.Written note) throws IOException {
    PendingFile fresh = text.pending(NoteJson.write(note));
    try {
      fresh.sync();
      return fresh;
    } catch (IOException | RuntimeException | Error e) {
      fresh.close();
      throw e;
    }
  }

  /** Removes it, durably. */
  void remove() throws IOException {
    text.remove();
  }

  /** Removes it if possible, and what a killed process was about to replace it with. */
  void forget() {
    text.forget();
  }

  /** Removes what a killed process was about to replace it with, if possible. */
  void forgetPending() {
    try {
      NoteFile.forgetPending(path());
    } catch (IOException e) {
      LOG.info("what was to replace {} stays behind: {}", path(), e.toString());
    }
  }
}
