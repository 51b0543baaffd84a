package holdfast.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;

/**
 * How long a guest's migration to another process of the host takes, and how long it stands still.
 */
final class Migrate implements Part {
  private static final long GIB = 1L << 30;
  private static final List<Long> RATES = List.of(0L, 20_000L, 100_000L);

  /** What one kind of migration came to. */
  private static final class Took {
    private final Sample total = new Sample();
    private final Sample pause = new Sample();
    private final Sample rate = new Sample();
    private final Sample stores = new Sample();

    void add(Migrated one) {
      total.add(one.total());
      pause.add(one.pause());
      rate.add(one.rate());
      if (!Double.isNaN(one.stores())) {
        stores.add(one.stores());
      }
    }
  }

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    for (long size : List.of(GIB, 4 * GIB)) {
      if (effort.quick() && size > GIB) {
        continue;
      }
      Place memory = Place.ofFiles(2 * size + GIB, findings).getFirst();
      if (memory.isDisk()) {
        return; // there is too little memory, which was said
      }
      Path from = memory.file("migrate-from");
      fill(from, size);
      try {
        for (long rate : RATES) {
          measure(memory, from, size, rate, effort.of(size > GIB ? 3 : 5, 2), findings);
        }
      } finally {
        memory.remove(from);
      }
    }
    findings.remark(
        "QEMU's guest is idle where it has no processor, and else a boot sector under TCG, which"
            + " stores into the first 3 GiB");
  }

  private static void measure(
      Place memory, Path from, long size, long rate, int times, Findings findings)
      throws Exception {
    Took own = new Took();
    Took qemu = new Took();
    Sample plain = new Sample();
    boolean hasQemu = Qemu.version().isPresent() && (rate == 0 || new Rival("guest").isThere());
    String what = "migrate " + Words.size(size) + ", " + rate + " pages/s: ";
    for (int time = 0; time < times; time++) {
      if (hasQemu) {
        attempt(
            findings,
            what + "QEMU",
            qemu,
            () ->
                new QemuMigration(memory.file("guest"), from, size, rate)
                    .run(memory.file("migrate-qemu")));
      }
      attempt(
          findings,
          what + "Holdfast",
          own,
          () -> HoldfastMigration.run(from, memory.file("migrate-to"), size, rate));
      new Rival("socket")
          .run(from, memory.file("migrate-plain"), size)
          .getOrDefault("copy", List.of())
          .forEach(nanos -> plain.add(size * 1e9 / nanos));
    }
    if (own.total.isEmpty()) {
      return;
    }
    String id = "migrate." + size / GIB + "G." + rate + ".";
    String row = "migration, " + Words.size(size) + ", " + rate + " pages/s";
    findings.add(
        new Figure(id + "pause", what + "pause", Unit.TIME, own.pause)
            .in(row + ": pause")
            .beside("QEMU", qemu.pause, Limit.atMost(1)));
    findings.add(
        new Figure(id + "total", what + "all of it", Unit.TIME, own.total)
            .in(row + ": all")
            .beside("QEMU", qemu.total, Limit.atMost(1.1)));
    findings.add(
        new Figure(id + "rate", what + "bytes sent", Unit.RATE, own.rate)
            .in(row + ": rate")
            .beside("a socket in C", plain, Limit.atLeast(0.8))
            .beside("QEMU", qemu.rate));
    if (!own.stores.isEmpty()) {
      findings.add(
          new Figure(
                  id + "stores",
                  what + "pages stored into a second, in fact",
                  Unit.COUNT,
                  own.stores)
              .beside("QEMU", qemu.stores));
    }
  }

  /** One migration. */
  private interface Move {
    Migrated migrate() throws IOException;
  }

  /** Measures one; a guest that dirties pages faster than they are sent has no end. */
  private static void attempt(Findings findings, String who, Took took, Move move) {
    try {
      took.add(move.migrate());
    } catch (IOException e) {
      findings.remark(who + ": one is left out: " + e.getMessage());
    }
  }

  /** Makes a file without a page of zeros. */
  private static void fill(Path file, long size) throws IOException {
    ByteBuffer piece = ByteBuffer.allocate(1 << 20);
    new Random(1).nextBytes(piece.array());
    try (FileChannel to =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < size; at += piece.position()) {
        piece.clear();
        while (piece.hasRemaining()) {
          to.write(piece);
        }
      }
    }
  }
}
