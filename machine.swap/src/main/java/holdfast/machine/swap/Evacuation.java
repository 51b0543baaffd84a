package holdfast.machine.swap;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.PendingFile;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.copy.DirtyRanges;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Region;
import holdfast.machine.core.RegionLease;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies everything that can still be read of a failed region to its standby file, and writes the
 * list of unreadable ranges beside that file. The region itself stays failed, because it is not
 * known which of its last stores were lost.
 */
public final class Evacuation implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Evacuation.class);
  private static final int PAGE = 4096;
  private static final int PORTION = 256 * PAGE;
  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  /** How long to wait for the end of a swap of the region, which its failure rolls back. */
  private static final Duration LEASE_LIMIT = Duration.ofSeconds(10);

  private final Backend backend;
  private final Path standby;
  private final GuestWriters writers;
  private final Thread thread;

  /**
   * @param writers asked to pause; the copy is made even if they don't
   */
  Evacuation(Backend backend, Path standby, GuestWriters writers) {
    this.backend = backend;
    this.standby = standby;
    this.writers = writers;
    this.thread =
        Thread.ofPlatform()
            .daemon()
            .name("holdfast-evacuate-" + backend.region().id())
            .unstarted(this);
  }

  /** A source of the bytes of a range. */
  private interface Source {
    /** Fills {@code into}, starting at {@code offset}, or throws if a byte of it can't be read. */
    void read(long offset, ByteBuffer into) throws IOException;
  }

  @Override
  public void run() {
    try {
      rescue();
    } catch (InterruptedException e) {
      report("what could be read was not copied to " + standby + ": the copy was interrupted");
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException | Error e) {
      // every Error: a lost page is reported late, and the operator must learn that there is no
      // copy
      report("what could be read could not be copied to " + standby + ": " + e);
    }
  }

  /**
   * Starts the evacuation of a memory backend that failed; empty if one is under way.
   *
   * @param standby the file to copy to, which doesn't exist yet
   * @param writers asked to pause; the copy is made even if they don't
   */
  static Optional<Evacuation> start(Backend backend, Path standby, GuestWriters writers) {
    if (!backend.beginRescue()) {
      return Optional.empty();
    }
    Evacuation evacuation = new Evacuation(backend, standby, writers);
    evacuation.thread.start();
    return Optional.of(evacuation);
  }

  /** Waits for the end, within a limit, before the memory is unmapped. */
  public void awaitEnd() {
    try {
      if (!thread.join(END_LIMIT)) {
        LOG.error("the evacuation of memory backend '{}' does not end", backend.region().id());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Holds the region's lease meanwhile: nobody removes the region while it is copied. */
  private void rescue() throws IOException, InterruptedException {
    Optional<RegionLease> lease = backend.region().acquire(LEASE_LIMIT);
    if (lease.isEmpty()) {
      LOG.warn(
          "memory backend '{}': somebody else still changes it, and it is copied to {} all the"
              + " same",
          backend.region().id(),
          standby);
    }
    try {
      copyPaused();
    } finally {
      lease.ifPresent(RegionLease::close);
    }
  }

  private void copyPaused() throws IOException, InterruptedException {
    GuestWriters.Pause paused;
    try {
      paused = writers.pause(backend.region(), SwapLimits.DEFAULT.pause(), time -> {});
    } catch (GivenUpException e) {
      report(copy(backend.region(), e.getMessage() + ""));
      return;
    }
    try (paused) {
      report(copy(backend.region(), "paused"));
    }
  }

  private void report(String sentence) {
    backend.rescued(sentence);
    LOG.error("memory backend '{}': {}", backend.region().id(), sentence);
  }

  /**
   * Copies the region.
   *
   * @param pausing {@code paused}, or why writers are not
   * @return what became of its content, as a sentence
   */
  private String copy(Region region, String pausing) throws IOException {
    DirtyRanges lost = new DirtyRanges();
    long size = region.size().bytes();
    if (Files.exists(standby, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(standby.toString());
    }
    Path list = standby.resolveSibling(standby.getFileName() + ".lost.json");
    try (PendingFile part = PendingFile.beside(standby, ".part")) {
      FileChannel out = part.channel();
      readAll(region, size, out, lost);
      out.truncate(size);
      if (out.size() < size) {
        out.write(ByteBuffer.allocate(1), size - 1);
      }
      // the list first: a copy under the standby's name always has a list of its holes
      try {
        PendingFile.replace(list, list(region, pausing, lost));
      } catch (IOException e) {
        part.leave();
        return "what could be read, "
            + new ByteSize(size - lost.bytes())
            + " of "
            + region.size()
            + ", was copied to "
            + part.pending()
            + ", which keeps that name, since the list of what could not can't be written: "
            + e
            + "; move it away before the next rescue";
      }
      part.becomeTarget();
    }
    return "what could be read, "
        + new ByteSize(size - lost.bytes())
        + " of "
        + region.size()
        + ", was copied to "
        + standby
        + "; "
        + list
        + " lists what could not";
  }

  private static byte[] list(Region region, String pausing, DirtyRanges lost) throws IOException {
    List<Map<String, Long>> ranges = new ArrayList<>();
    lost.forEach((offset, length) -> ranges.add(range(offset, length)));
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("region", region.id().value());
    content.put("from", region.spec().backing().toString());
    content.put("at", Instant.now().toString());
    content.put("reason", region.status().note());
    content.put("writers", pausing);
    content.put("unreadable", ranges);
    return (JSON.std.asString(content) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, Long> range(long offset, long length) {
    Map<String, Long> range = new LinkedHashMap<>();
    range.put("offset", offset);
    range.put("length", length);
    return range;
  }

  /**
   * Reads a shared file through a descriptor of its own, which reports for each page whether it can
   * be read; for other memory the kernel is asked before each read, since the JVM reports a lost
   * page late.
   */
  private static void readAll(Region region, long size, FileChannel out, DirtyRanges lost)
      throws IOException {
    if (region.spec().backing() instanceof Backing.File file
        && region.spec().has(RamFlag.RAM_SHARED)) {
      try (FileChannel in = openAgain(region, file.path()).orElse(null)) {
        if (in != null) {
          long base = file.offset().bytes();
          copyAll((offset, into) -> readFully(in, base + offset, into), size, out, lost);
          return;
        }
      }
    }
    copyAll((offset, into) -> readMemory(region, offset, into), size, out, lost);
  }

  /**
   * Opens the region's own file; empty if its name now leads to another file, or it can't be
   * opened.
   */
  private static Optional<FileChannel> openAgain(Region region, Path path) {
    try (FoundFile found = FoundFile.behind(path).orElse(null)) {
      if (found != null
          && found.status().type() == FileStatus.Type.REGULAR
          && region
              .status()
              .block()
              .file()
              .equals(Optional.of(found.status().identity(FileIdentity::new)))) {
        return Optional.of(found.open(StandardOpenOption.READ));
      }
    } catch (IOException e) {
      LOG.info("{} can't be opened again: {}", path, e.toString());
    }
    return Optional.empty();
  }

  private static void readFully(FileChannel in, long offset, ByteBuffer into) throws IOException {
    long at = offset;
    while (into.hasRemaining()) {
      int count = in.read(into, at);
      if (count < 0) {
        throw new IOException("the file ends at " + at);
      }
      at += count;
    }
  }

  private static void readMemory(Region region, long offset, ByteBuffer into) throws IOException {
    Optional<String> lost = region.status().block().lostPage(offset, into.remaining(), false);
    if (lost.isPresent()) {
      throw new IOException(lost.get());
    }
    try {
      MemorySegment memory = region.segment();
      MemorySegment.copy(memory, offset, MemorySegment.ofBuffer(into), 0, into.remaining());
      into.position(into.limit());
    } catch (InternalError lostPage) {
      throw new IOException(lostPage);
    }
  }

  private static void copyAll(Source source, long size, FileChannel out, DirtyRanges lost)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(PORTION);
    for (long at = 0; at < size; at += PORTION) {
      int length = (int) Math.min(PORTION, size - at);
      if (!copyOne(source, at, length, buffer, out)) {
        for (int page = 0; page < length; page += PAGE) {
          int part = Math.min(PAGE, length - page);
          if (!copyOne(source, at + page, part, buffer, out)) {
            lost.add(at + page, part);
          }
        }
      }
    }
  }

  /** Copies one range; returns whether it could be read. */
  private static boolean copyOne(
      Source source, long offset, int length, ByteBuffer buffer, FileChannel out)
      throws IOException {
    buffer.clear().limit(length);
    try {
      source.read(offset, buffer);
    } catch (IOException unreadable) {
      LOG.debug("offset {}: {}", offset, unreadable.toString());
      return false;
    }
    buffer.flip();
    long at = offset;
    while (buffer.hasRemaining()) {
      at += out.write(buffer, at);
    }
    return true;
  }
}
