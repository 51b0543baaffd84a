package holdfast.machine.migration.internal.ownership;

import holdfast.host.linux.files.FoundFile;
import holdfast.machine.core.ImageCheck;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the notes beside a file mean to a start from it, after the migration that wrote them.
 * Thread-safe.
 */
public final class MigrationNotes {
  private static final Logger LOG = LoggerFactory.getLogger(MigrationNotes.class);

  private MigrationNotes() {}

  /**
   * Returns the check for a machine that runs its guest at once. It refuses a file whose guest is
   * elsewhere or not wholly here, or of which that can't be found out; a file that can't be looked
   * at is left to whoever opens it, who will say why. It settles what a killed process left, and
   * removes notes that no longer matter.
   */
  public static ImageCheck check() {
    return image -> refusal(image, Refusal::sentence);
  }

  /**
   * Returns the check for a machine that waits for a guest, which will overwrite its files. It also
   * accepts the unfinished copy of an earlier migration, and a file that the guest has left and is
   * to come back to.
   */
  public static ImageCheck checkIncoming() {
    return image -> refusal(image, Refusal::sentenceForIncoming);
  }

  private static Optional<String> refusal(
      Path image, Function<Refusal, Optional<String>> sentence) {
    if (FoundFile.isOutOfReach(image)) {
      return Optional.empty();
    }
    ImageNote note = ImageNote.beside(image);
    Refusal found = Refusal.of(note);
    try {
      tidy(note, found);
    } catch (IOException e) {
      LOG.info("{} stays as it is: {}", note.path(), e.toString());
    }
    return sentence.apply(found);
  }

  private static void tidy(ImageNote note, Refusal found) throws IOException {
    switch (found.own().orElse(null)) {
      case null -> note.forgetPending(); // the commit that was about to be
      case Note.Incoming _ when !found.exists() -> note.forget();
      case Note.Moved moved -> Verdict.settle(note, moved, () -> {});
      case Note.Leaving leaving -> tidy(note, leaving, found.verdict().orElseThrow());
      case Note.Incoming _, Note.Received _, Note.Unreadable _ -> {}
    }
  }

  private static void tidy(ImageNote note, Note.Leaving leaving, Verdict verdict)
      throws IOException {
    switch (verdict) {
      case Verdict.Gone gone -> note.write(gone.settled(leaving));
      case Verdict.Here _ -> {
        // who is about to commit has its files locked, this one, too; the other may be locked by
        // the machine that is being started
        if (!FoundFile.isInUse(note.file())) {
          note.forget();
        }
      }
      case Verdict.Unknown _ -> {}
    }
  }
}
