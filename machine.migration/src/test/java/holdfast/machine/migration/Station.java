package holdfast.machine.migration;

import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A process to which a guest comes and from which it goes, again and again, each time in a machine
 * of its own. Obeys the lines of its standard input, and answers each with one:
 *
 * <ul>
 *   <li>{@code begin}: opens the machine with the guest in it
 *   <li>{@code expect ADDRESS}: opens a machine that waits for the guest
 *   <li>{@code arrived}: waits for the guest, lets it store more, and checks all that it ever
 *       stored; answers how many descriptors are open
 *   <li>{@code leave ADDRESS}: sends the guest away, ends the machine, and checks that nothing of
 *       it is left behind
 * </ul>
 */
final class Station {
  private static final String MEMORY = "nv0";

  private final Path folder;
  private @Nullable LeakCheck leaks;
  private @Nullable Host host;
  private @Nullable Cpu cpu;

  private Station(Path folder) {
    this.folder = folder;
  }

  /** Serves in a folder until its input ends. */
  public static void main(String[] arguments) throws Exception {
    Station station = new Station(Path.of(arguments[0]));
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      String[] words = order.split(" ", 2);
      System.out.println(station.obey(words[0], words[words.length - 1]));
    }
    station.end();
  }

  private String obey(String order, String address) throws Exception {
    return switch (order) {
      case "begin" -> open();
      case "expect" -> open("-incoming", address);
      case "arrived" -> arrived();
      case "leave" -> leave(address);
      default -> throw new IllegalArgumentException(order);
    };
  }

  private String open(String... more) throws Exception {
    leaks = LeakCheck.start(FaultyLibc.host(), folder);
    Host opened = Host.open(folder, more);
    host = opened;
    cpu = opened.cpu(MEMORY);
    return "open";
  }

  private Host host() {
    return Objects.requireNonNull(host);
  }

  private String arrived() throws Exception {
    requireCompleted(host().awaitEnd());
    Cpu guest = Objects.requireNonNull(cpu);
    Host.progress(guest);
    host().admin().stop();
    String fault = guest.fault(host().memory(MEMORY));
    host().admin().cont();
    if (!fault.isEmpty()) {
      throw new IllegalStateException(fault);
    }
    return "descriptors " + Objects.requireNonNull(new File("/proc/self/fd").list()).length;
  }

  private String leave(String address) throws Exception {
    Host.progress(Objects.requireNonNull(cpu));
    host().admin().migration().setParameters(Map.of("max-bandwidth", "0"));
    host().admin().migration().migrate(address);
    requireCompleted(host().awaitEnd());
    end();
    return "left";
  }

  private static void requireCompleted(MigrationStatus status) {
    if (status.state() != MigrationState.COMPLETED) {
      throw new IllegalStateException(status.toString());
    }
  }

  private void end() throws Exception {
    Host last = host;
    LeakCheck check = leaks;
    host = null;
    leaks = null;
    if (last != null && check != null) {
      last.close();
      check.close();
    }
  }

  /** Returns the command that starts one. */
  static List<String> command(Path folder) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "--sun-misc-unsafe-memory-access=allow",
        "--enable-native-access=ALL-UNNAMED",
        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
        "-Dlogback.configurationFile=" + System.getProperty("logback.configurationFile", ""),
        "-cp",
        System.getProperty("java.class.path"),
        Station.class.getName(),
        folder.toString());
  }
}
