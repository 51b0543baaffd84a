package holdfast.itest.dax;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What the JVMs of the build that boot guests make one after the other, since they share it. */
final class Once {
  /** Makes something. */
  interface Work<T> {
    T make() throws IOException, InterruptedException;
  }

  private Once() {}

  /** Makes it while no other JVM makes anything, within the limits of what is made. */
  static synchronized <T> T at(Work<T> work) throws IOException, InterruptedException {
    Path lock = Files.createDirectories(Path.of("target")).resolve("made.lock");
    try (FileChannel file =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = file.lock()) {
      if (!held.isValid()) {
        throw new IOException(lock + " can't be locked");
      }
      return work.make();
    }
  }
}
