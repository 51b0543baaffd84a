package holdfast.bench;

import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.core.Holdfast;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A machine that a guest leaves, or comes to, in a process of its own. */
public final class MigrationPeer {
  private static final String ID = "ram";
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private MigrationPeer() {}

  /**
   * Says {@code ready} when it is up, and ends when its input does. A source migrates at a line
   * there, and then says how long that took in all, how long the guest stood still, and how many
   * bytes went over, and how often the guest stored.
   *
   * @param words {@code destination} or {@code source}, the file, its size, the address, and how
   *     many pages a second the guest dirties
   */
  public static void main(String[] words) throws Exception {
    boolean source = words[0].equals("source");
    List<String> options =
        new ArrayList<>(
            List.of(
                "-m",
                "16M",
                "-object",
                "memory-backend-file,id=ram,share=on,size="
                    + words[2]
                    + "B,prealloc="
                    + (source ? "on" : "off") // a guest's pages are in its table
                    + ",mem-path="
                    + words[1]));
    if (!source) {
      options.addAll(List.of("-incoming", words[3]));
    }
    long rate = Long.parseLong(words[4]);
    try (Holdfast machine = Holdfast.open(options.toArray(String[]::new))) {
      Optional<PagesWriter> guest =
          source && rate > 0
              ? Optional.of(
                  new PagesWriter(machine.region(ID).orElseThrow().segment(), rate, false))
              : Optional.empty();
      guest.ifPresent(machine::addWriter);
      System.out.println("ready");
      if (System.in.read() >= 0 && source) {
        migrate(machine.admin().migration(), words[3], guest);
      }
      while (System.in.read() >= 0) {
        // until this one is not needed any more
      }
      if (guest.isPresent()) {
        guest.get().close();
      }
    }
    System.exit(0);
  }

  private static void migrate(MigrationAdmin migration, String address, Optional<PagesWriter> guest)
      throws Exception {
    double before = guest.map(PagesWriter::stored).orElse(0L);
    migration.setParameters(Map.of("max-bandwidth", "0"));
    migration.migrate(address);
    long end = System.nanoTime() + LIMIT.toNanos();
    MigrationStatus status = migration.status();
    while (status.state().isUnderWay() || status.state() == MigrationState.NONE) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("it does not end: " + status);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      status = migration.status();
    }
    if (status.state() != MigrationState.COMPLETED) {
      throw new IllegalStateException(status.toString());
    }
    System.out.println(
        status.time().toNanos()
            + " "
            + status.downtime().orElseThrow().toNanos()
            + " "
            + status.ram().transferred().bytes()
            + " "
            + (guest.map(PagesWriter::stored).orElse(0L) - before));
  }
}
