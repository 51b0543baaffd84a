package holdfast.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest that moves between two QEMUs. One that dirties pages is a boot sector under TCG ({@code
 * src/main/s/guest.S}); an idle one has no processor at all.
 */
final class QemuMigration {
  private static final long LIMIT = TimeUnit.MINUTES.toNanos(3);
  private static final long MILLI = 1_000_000;

  /** Where the guest's memory of its own begins, and, since it has 32 bits, what it has of it. */
  private static final long FIRST = 16 << 20;

  private static final long MOST = 3L << 30;

  /** Where it counts its ticks, of which it has a thousand a second. */
  private static final int TICKS = 0x7e00;

  private static final int WARM = 300;

  private final Path image;
  private final Path from;
  private final long size;
  private final long rate;

  /**
   * @param image the guest's boot sector
   * @param from the file of its memory, which stays
   * @param rate how many pages a second it dirties
   */
  QemuMigration(Path image, Path from, long size, long rate) {
    this.image = image;
    this.from = from;
    this.size = size;
    this.rate = rate;
  }

  private List<String> options(Path memory, boolean present, String... more) {
    List<String> options =
        new ArrayList<>(
            List.of(
                "-object",
                "memory-backend-file,id=ram,share=on,size="
                    + size
                    + ",prealloc="
                    + (present ? "on" : "off") // a guest's pages are in its table
                    + ",mem-path="
                    + memory,
                "-machine",
                (rate == 0 ? "none" : "pc") + ",memory-backend=ram"));
    if (rate > 0) {
      options.addAll(List.of("-accel", "tcg", "-m", size + "B", "-boot", "a"));
      options.addAll(List.of("-drive", "format=raw,if=floppy,readonly=on,file=" + image));
    }
    options.addAll(List.of(more));
    return options;
  }

  /**
   * Moves the guest.
   *
   * @param to a file that is not there; removed afterwards
   */
  Migrated run(Path to) throws IOException {
    Path socket = to.resolveSibling(to.getFileName() + ".socket");
    if (rate > 0) {
      writeImage();
    }
    try (Qemu destination =
            new Qemu(options(to, false, "-incoming", "unix:" + socket).toArray(String[]::new));
        Qemu source = new Qemu(options(from, true).toArray(String[]::new))) {
      if (rate > 0) {
        boot(source);
      }
      source.execute(
          "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"max-bandwidth\":"
              + (1L << 50)
              + "}}");
      int before = ticks();
      source.execute("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:" + socket + "\"}}");
      return await(source, before);
    } finally {
      Files.deleteIfExists(to);
      Files.deleteIfExists(socket);
    }
  }

  private void writeImage() throws IOException {
    ByteBuffer sector =
        ByteBuffer.wrap(Files.readAllBytes(new Rival("guest").program()))
            .order(ByteOrder.LITTLE_ENDIAN);
    sector.putInt(4, (int) (rate / 1000));
    sector.putInt(8, (int) ((Math.min(size, MOST) - FIRST) / 4096));
    Files.write(image, sector.array());
  }

  /** Lets the guest run for a while: its memory is a file, in which its ticks are seen. */
  private void boot(Qemu source) throws IOException {
    try (RandomAccessFile memory = new RandomAccessFile(from.toFile(), "rw")) {
      memory.seek(TICKS);
      memory.writeInt(0);
    }
    source.execute("{\"execute\":\"cont\"}");
    long end = System.nanoTime() + LIMIT;
    while (ticks() < WARM) {
      if (System.nanoTime() > end) {
        throw new IOException("the guest of a QEMU does not start");
      }
      LockSupport.parkNanos(20 * MILLI);
    }
  }

  private int ticks() throws IOException {
    try (RandomAccessFile memory = new RandomAccessFile(from.toFile(), "r")) {
      memory.seek(TICKS);
      return Integer.reverseBytes(memory.readInt());
    }
  }

  private Migrated await(Qemu source, int before) throws IOException {
    long end = System.nanoTime() + LIMIT;
    while (System.nanoTime() < end) {
      Json told = source.ask("{\"execute\":\"query-migrate\"}");
      switch (told.text("status")) {
        case "completed" -> {
          double total = told.number("total-time") * MILLI;
          double stores = rate == 0 ? 0 : (double) (ticks() - before) * (rate / 1000);
          return new Migrated(
              total,
              told.number("downtime") * MILLI,
              told.object("ram").number("transferred"),
              Migrated.stores(stores, total));
        }
        case "failed", "cancelled" -> throw new IOException("QEMU's migration failed: " + told);
        default -> LockSupport.parkNanos(5 * MILLI);
      }
    }
    throw new IOException("QEMU's migration does not end");
  }
}
