package holdfast.machine.admin;

import holdfast.backend.api.ByteSize;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/** Describes migrations in words, in the log and in every command alike. */
public final class MigrationWords {
  /** QEMU's parameter for how long the guest writers may be stopped, in milliseconds. */
  public static final String DOWNTIME_LIMIT = "downtime-limit";

  /** QEMU's parameter for how many bytes a second are sent at most. */
  public static final String MAX_BANDWIDTH = "max-bandwidth";

  /** The parameter for who is at the other end. */
  public static final String PEER = "x-holdfast-peer";

  /** The parameter for the machine type of a QEMU at the other end. */
  public static final String PEER_MACHINE = "x-holdfast-peer-machine";

  /** The parameter for the folder with what TLS needs. */
  public static final String TLS_FOLDER = "x-holdfast-tls-dir";

  /** QEMU's parameter for the name in the destination's certificate. */
  public static final String TLS_HOSTNAME = "tls-hostname";

  /** The beginnings of addresses that go on with the path of a file. */
  public static final List<String> FILES = List.of("unix:", "file:", "cpr:");

  /** The beginning of addresses that go on with a host and a port. */
  public static final String TCP = "tcp:";

  private MigrationWords() {}

  /**
   * Returns parameters by the names that {@link MigrationAdmin#setParameters} takes, with values
   * that it would take, too.
   */
  public static SequencedMap<String, String> parameters(MigrationParameters parameters) {
    SequencedMap<String, String> all = new LinkedHashMap<>();
    all.put(DOWNTIME_LIMIT, Long.toString(parameters.downtimeLimit().toMillis()));
    all.put(MAX_BANDWIDTH, Long.toString(parameters.maxBandwidth().bytes()));
    all.put(PEER, parameters.peer().label());
    all.put(PEER_MACHINE, parameters.peerMachine());
    all.put(TLS_FOLDER, parameters.tlsFolder());
    all.put(TLS_HOSTNAME, parameters.tlsHostname());
    return all;
  }

  /**
   * Returns the progress of a migration, or its outcome, as one sentence. Addresses in it are as
   * they are: a door escapes what its terminal or log must not be shown.
   */
  public static String line(MigrationStatus status) {
    String name = "migration " + (status.incoming() ? "from " : "to ") + status.address();
    String after = " after " + SwapWords.roughly(status.time());
    String why = status.error().map(error -> ": " + error).orElse("");
    return switch (status.state()) {
      case NONE ->
          status.address().isEmpty()
              ? "no migration was started"
              : "no migration has come yet to " + status.address();
      case SETUP, CANCELLING -> name + ": " + status.state().label();
      case ACTIVE -> name + ": active: " + progress(status);
      case DEVICE -> name + ": device: the guest writers are stopped, " + progress(status);
      case CANCELLED -> name + ": cancelled" + after;
      case COMPLETED ->
          name
              + ": completed: "
              + moved(status)
              + status
                  .downtime()
                  .map(time -> ", guest writers stopped for " + SwapWords.millis(time))
                  .orElse("")
              + ", "
              + SwapWords.roughly(status.time())
              + " in all";
      case FAILED -> name + ": failed" + after + why;
      case UNDECIDED -> name + ": undecided" + after + why;
    };
  }

  private static String moved(MigrationStatus status) {
    MigratedRam ram = status.ram();
    return ram.transferred().rounded()
        + (status.incoming() ? " received" : " sent")
        + (ram.rounds() == 0 ? "" : " in " + ram.rounds() + " rounds");
  }

  private static String progress(MigrationStatus status) {
    MigratedRam ram = status.ram();
    if (status.incoming()) { // what is left is known to the sender alone
      return moved(status) + " for memory of " + ram.total().rounded();
    }
    return moved(status)
        + String.format(
            Locale.ROOT, ", %s of %s remaining", ram.remaining().rounded(), ram.total().rounded())
        + (ram.rounds() == 0 ? "" : rates(ram))
        + downtime(status.expectedDowntime());
  }

  private static String rates(MigratedRam ram) {
    return String.format(
        Locale.ROOT,
        ", %d pages/s dirtied, %s/s sent",
        ram.dirtyPagesRate(),
        new ByteSize(ram.bytesPerSecond()).rounded());
  }

  private static String downtime(Optional<Duration> expected) {
    return expected.map(time -> ", downtime expected " + SwapWords.roughly(time)).orElse("");
  }
}
