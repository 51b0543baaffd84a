package holdfast.examples.demo;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.api.DeviceState;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/**
 * Starts a second process like this one, on files of its own, moves the guest there while it keeps
 * writing, and shows what that process has to say.
 */
final class Departure {
  private static final Duration LOOK_EVERY = Duration.ofMillis(10);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** A file's name in an option, where a comma is written as two. */
  private static final Pattern FILE = Pattern.compile("(?<=mem-path=)(?:[^,]|,,)+");

  private final BundleContext context;
  private final MachineAdmin admin;
  private final PrintStream out;

  Departure(BundleContext context, MachineAdmin admin, PrintStream out) {
    this.context = context;
    this.admin = admin;
    this.out = out;
  }

  /**
   * Moves the guest, and returns when the second process has ended well.
   *
   * @param beside a file; the socket through which the guest moves is made beside it
   */
  void move(Guest guest, Path beside)
      throws DemoException, AdminException, IOException, InterruptedException {
    out.printf("%nA second process starts, on files of its own, and waits for the guest:%n");
    ServiceRegistration<DeviceState> state =
        context.registerService(DeviceState.class, guest, null);
    Process second = start(command(beside.toAbsolutePath().resolveSibling("arrival")));
    try (BufferedReader says = second.inputReader(StandardCharsets.UTF_8)) {
      String address = says.readLine();
      if (address == null) {
        throw new DemoException("the second process ended with " + second.waitFor());
      }
      migrate(address);
      for (String line = says.readLine(); line != null; line = says.readLine()) {
        out.println(line);
      }
      if (second.waitFor() != 0) {
        throw new DemoException("the second process ended with " + second.exitValue());
      }
    } finally {
      second.destroy();
      second.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
      state.unregister();
    }
  }

  private static Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectInput(new File("/dev/null"))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** This process' command line, with other files, and with the guest to come. */
  private static List<String> command(Path socket) throws IOException {
    List<String> command = new ArrayList<>();
    for (String word : Files.readString(Path.of("/proc/self/cmdline")).split("\0")) {
      command.add(FILE.matcher(word).replaceAll(Departure::there));
    }
    command.add("-incoming");
    command.add("unix:" + socket);
    return command;
  }

  private static String there(MatchResult file) {
    Path here = Path.of(file.group().replace(",,", ","));
    Path there = here.resolveSibling("there-" + here.getFileName());
    return Matcher.quoteReplacement(there.toString().replace(",", ",,"));
  }

  private void migrate(String address) throws DemoException, AdminException, InterruptedException {
    Map<String, String> parameters =
        Map.of(
            MigrationWords.DOWNTIME_LIMIT,
            Long.toString(Demo.DOWNTIME.toMillis()),
            MigrationWords.MAX_BANDWIDTH,
            "0");
    out.printf(
        Locale.ROOT,
        "$ ram:migrate %s -downtime-limit %d -max-bandwidth 0%n",
        address,
        Demo.DOWNTIME.toMillis());
    admin.migration().setParameters(parameters);
    admin.migration().migrate(address);
    MigrationStatus end = await();
    if (end.state() != MigrationState.COMPLETED) {
      throw new DemoException(MigrationWords.line(end));
    }
    out.println("  here " + admin.status().sentence());
    out.println();
  }

  private MigrationStatus await() throws AdminException, InterruptedException {
    MigrationStatus seen = MigrationStatus.NONE;
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      MigrationStatus now = admin.migration().status();
      if (now.state() != seen.state() || now.ram().rounds() != seen.ram().rounds()) {
        out.println("  " + MigrationWords.line(now));
      }
      if (!now.state().isUnderWay() || System.nanoTime() > limit) {
        return now;
      }
      seen = now;
      Thread.sleep(LOOK_EVERY);
    }
  }
}
