package holdfast.start;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * Writes the product's bundles into the private folder, in a thread of its own, while the framework
 * is made and takes the first of them.
 */
final class Unpacking {
  private final Map<String, FutureTask<Path>> files = new LinkedHashMap<>();

  private Unpacking() {}

  /**
   * Begins to write bundles.
   *
   * @param entries their names inside the executable jar, in the order in which they are needed
   */
  static Unpacking begin(List<String> entries, PrivateFolder into) {
    Unpacking unpacking = new Unpacking();
    for (String entry : entries) {
      unpacking.files.put(entry, new FutureTask<>(() -> write(entry, into)));
    }
    Thread.ofPlatform().daemon().name("holdfast-unpack").start(unpacking::run);
    return unpacking;
  }

  private static Path write(String entry, PrivateFolder into) throws IOException {
    try (InputStream content = Product.open(entry)) {
      return into.write(entry.substring(entry.lastIndexOf('/') + 1), content);
    }
  }

  /** Writes one after the other; those behind one that could not be written are not wanted. */
  private void run() {
    for (FutureTask<Path> file : files.values()) {
      file.run();
      if (file.state() == Future.State.FAILED) {
        return;
      }
    }
  }

  /** Writes no further one. One that is being written is not waited for. */
  void stop() {
    files.values().forEach(file -> file.cancel(false));
  }

  /**
   * Waits until a bundle is written.
   *
   * @return its file
   * @throws IOException if it could not be written
   * @throws CancellationException if it is not wanted any more
   */
  Path file(String entry) throws IOException, InterruptedException {
    try {
      return Objects.requireNonNull(files.get(entry)).get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IOException(e.getCause());
    }
  }
}
