package holdfast.itest.dax;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;

import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A Linux under QEMU with NVDIMMs, whose root is the host's root, read-only under a writable layer
 * of its own: programs, the JDK and what the build made run in it unchanged. It runs commands, and
 * its power can be cut.
 */
final class Guest implements AutoCloseable {
  /** How many report ports there are: {@code /dev/holdfast/report1} and so on. */
  static final int REPORTS = 2;

  private static final Duration BOOT_LIMIT = Duration.ofMinutes(3);
  private static final Duration LIMIT = Duration.ofMinutes(6);
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final Path folder;
  private final Path scratch;
  private final Process qemu;
  private final CompletableFuture<Void> end;
  private final LineSocket control;
  private final List<LineSocket> reports = new ArrayList<>();
  private final Map<Integer, CompletableFuture<Integer>> running = new ConcurrentHashMap<>();
  private final AtomicInteger commands = new AtomicInteger();

  /** What a command said, and its exit status. */
  record Ended(int status, String out, List<String> err) {

    /** Its standard output, line by line; the test fails if the command did. */
    List<String> lines() {
      if (status != 0) {
        fail("exit status " + status + ": " + out + String.join("\n", err));
      }
      return out.lines().toList();
    }
  }

  /** A command that runs. */
  final class Running {
    private final int number;
    private final CompletableFuture<Integer> status;

    private Running(int number, CompletableFuture<Integer> status) {
      this.number = number;
      this.status = status;
    }

    /** Waits for its end. */
    Ended await() throws IOException, InterruptedException {
      try {
        int ended = status.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        return new Ended(ended, out(), err());
      } catch (TimeoutException e) {
        throw lost("command " + number + " did not end within " + LIMIT);
      } catch (ExecutionException e) {
        throw lost("the guest ended before command " + number);
      }
    }

    /** What it has said on standard output. */
    String out() throws IOException {
      return Files.readString(folder.resolve(number + ".out"));
    }

    /** What it has said on standard error. */
    List<String> err() throws IOException {
      return Files.readAllLines(folder.resolve(number + ".err"), UTF_8);
    }
  }

  /** Boots a guest and waits until it takes commands. */
  static Guest boot(Nvdimm... nvdimms) throws IOException, InterruptedException {
    return boot(Board.withNvdimms(List.of(nvdimms)), List.of(nvdimms));
  }

  /** Boots a guest on another board and waits until it takes commands. */
  static Guest boot(Board board) throws IOException, InterruptedException {
    return boot(board, List.of());
  }

  private static Guest boot(Board board, List<Nvdimm> nvdimms)
      throws IOException, InterruptedException {
    Guest guest = new Guest(GuestImage.get(), board, nvdimms);
    try {
      if (guest.control.await(BOOT_LIMIT, "up"::equals).isEmpty()) {
        throw guest.lost("no guest within " + BOOT_LIMIT);
      }
      return guest;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      guest.close();
      throw e;
    }
  }

  private Guest(GuestImage image, Board board, List<Nvdimm> nvdimms) throws IOException {
    // Relative and short, since sockets are made in it.
    folder = Path.of("target", "guest", "" + COUNT.incrementAndGet());
    if (Files.exists(folder)) {
      Storage.remove(folder);
    }
    Files.createDirectories(folder);
    Files.copy(
        GuestImage.SCRIPTS.resolve("session"),
        folder.resolve("session"),
        StandardCopyOption.REPLACE_EXISTING);
    Files.writeString(
        folder.resolve("environment"),
        "export JAVA_HOME='" + System.getProperty("java.home") + "'\n");
    scratch = Files.createDirectories(folder.resolve("scratch"));
    control = new LineSocket(folder.resolve("control"), this::onControl);
    List<String> command = new ArrayList<>(machine(image, board, nvdimms));
    addPort(command, "control");
    for (int i = 1; i <= REPORTS; i++) {
      reports.add(new LineSocket(folder.resolve("report" + i), line -> {}));
      addPort(command, "report" + i);
    }
    qemu =
        new ProcessBuilder(command)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("qemu.log").toFile())
            .start();
    end = qemu.onExit().thenRun(this::ended);
  }

  private List<String> machine(GuestImage image, Board board, List<Nvdimm> nvdimms) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot"
                    .split(" ", -1)));
    // clwb and clflushopt are among what "max" has.
    command.addAll(List.of("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"));
    command.addAll(List.of("-machine", "q35,hpet=off," + board.machine()));
    command.addAll(List.of("-m", board.memory()));
    command.addAll(board.options());
    for (int i = 0; i < nvdimms.size(); i++) {
      Nvdimm nvdimm = nvdimms.get(i);
      command.add("-object");
      command.add(
          "memory-backend-file,id=mem%d,share=on,mem-path=%s,size=%dM"
              .formatted(i, nvdimm.file(), nvdimm.mib()));
      command.add("-device");
      command.add("nvdimm,id=nvdimm%d,memdev=mem%d%s".formatted(i, i, nvdimm.options()));
    }
    command.addAll(List.of("-kernel", image.kernel().toString()));
    command.addAll(List.of("-initrd", image.initramfs().toString()));
    command.add("-append");
    command.add(
        "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check "
            + board.kernel());
    command.addAll(List.of("-serial", "file:" + folder.resolve("console.log")));
    addFolder(command, "root", Path.of("/"), ",readonly=on");
    addFolder(command, "tools", image.tools(), ",readonly=on");
    addFolder(command, "session", folder, "");
    addFolder(command, "scratch", scratch, "");
    command.addAll(List.of("-device", "virtio-serial-pci"));
    return command;
  }

  private static void addFolder(List<String> command, String tag, Path path, String more) {
    command.add("-virtfs");
    command.add(
        "local,mount_tag=%s,path=%s,security_model=none,multidevs=remap%s"
            .formatted(tag, path, more));
  }

  private void addPort(List<String> command, String name) {
    command.add("-chardev");
    command.add("socket,id=%s,path=%s".formatted(name, folder.resolve(name)));
    command.addAll(List.of("-device", "virtserialport,chardev=%s,name=%s".formatted(name, name)));
  }

  private void onControl(String line) {
    String[] words = line.split(" ", -1);
    if (words.length == 3 && words[0].equals("done")) {
      running.get(Integer.valueOf(words[1])).complete(Integer.valueOf(words[2]));
    }
  }

  private void ended() {
    control.close();
    reports.forEach(LineSocket::close);
    running.values().forEach(one -> one.completeExceptionally(new IOException("no guest")));
  }

  /** Starts a shell script and does not wait for its end. */
  Running start(String script) throws IOException {
    int number = commands.incrementAndGet();
    Files.writeString(folder.resolve(number + ".sh"), script + "\n");
    Files.write(folder.resolve(number + ".out"), new byte[0]);
    Files.write(folder.resolve(number + ".err"), new byte[0]);
    CompletableFuture<Integer> status = new CompletableFuture<>();
    running.put(number, status);
    control.send("run " + number);
    return new Running(number, status);
  }

  /** Runs a shell script to its end. */
  Ended run(String script) throws IOException, InterruptedException {
    return start(script).await();
  }

  /** The folder of the host that is the guest's {@code /run/session}. */
  Path session() {
    return folder;
  }

  /** A report port, from 1. */
  LineSocket report(int number) {
    return reports.get(number - 1);
  }

  /** What goes wrong in a guest, with the last words of its console. */
  AssertionError lost(String what) throws IOException {
    Path console = folder.resolve("console.log");
    List<String> said = new ArrayList<>(Files.readAllLines(folder.resolve("qemu.log"), UTF_8));
    if (Files.exists(console)) {
      List<String> lines = Files.readString(console, ISO_8859_1).lines().toList();
      said.addAll(lines.subList(Math.max(0, lines.size() - 30), lines.size()));
    }
    return new AssertionError(
        what + "; QEMU and the guest's console said last:\n" + String.join("\n", said));
  }

  /** Cuts the power: SIGKILL to QEMU, in the middle of whatever the guest does. */
  void cutPower() throws InterruptedException {
    qemu.destroyForcibly();
    if (!qemu.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      fail("QEMU does not end");
    }
  }

  /** Switches it off in an orderly way. */
  void powerOff() throws IOException, InterruptedException {
    control.send("off");
    if (!qemu.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw lost("the guest does not switch itself off");
    }
  }

  @Override
  public void close() {
    qemu.destroyForcibly();
    end.join();
  }
}
