package holdfast.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How long the product takes to start, and what it uses when nothing happens. */
final class Start implements Part {
  private static final long SIZE = 256L << 20;
  private static final long IDLE_SIZE = 1L << 30;
  private static final long IDLE_FOR = TimeUnit.SECONDS.toNanos(3);
  private static final Path MEMORY = Path.of("/dev/shm");

  /** What a process uses. */
  private final Sample anonymous = new Sample();

  private final Sample threads = new Sample();
  private final Sample qemuAnonymous = new Sample();
  private final Sample qemuThreads = new Sample();
  private final Sample javaAnonymous = new Sample();
  private final Sample javaThreads = new Sample();

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    Place place = new Place("tmpfs", MEMORY);
    Path file = place.file("start");
    Path quit = place.file("quit");
    Files.writeString(quit, "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"quit\"}\n");
    List<String> probing = new ArrayList<>(holdfast("-probe", "json"));
    probing.addAll(machine(file, SIZE));
    List<String> serving = new ArrayList<>(holdfast());
    serving.addAll(machine(file, SIZE));
    Spawned probe = Spawned.toItsEnd(probing);
    Spawned up = Spawned.untilMapped(file, serving);
    Spawned java =
        Spawned.toItsEnd(java("-XX:TieredStopAtLevel=1", "-Xshare:auto", Hello.class.getName()));
    Spawned qemu = Spawned.reading(quit, Qemu.command(machine(file, SIZE)));
    boolean hasQemu = Qemu.version().isPresent();
    for (int round = -1; round < effort.of(15, 3); round++) {
      if (round == 0) {
        forget(probe, up, java, qemu);
      }
      probe.run();
      java.run();
      up.run();
      if (hasQemu) {
        qemu.run();
      }
    }
    report(findings, "start.probe", "./holdfast -probe json, to its end", probe, qemu, java, 300e6);
    findings.add(
        new Figure("start.up", "./holdfast …, until its memory is mapped", Unit.TIME, up.up)
            .must(Limit.atMost(500e6))
            .beside("QEMU, start to quit", qemu.wall)
            .beside("a Java that prints one line", java.wall));
    idle(effort, findings, file, hasQemu);
  }

  private static void forget(Spawned... all) {
    for (Spawned one : all) {
      one.forget();
    }
  }

  private static void report(
      Findings findings,
      String id,
      String what,
      Spawned own,
      Spawned qemu,
      Spawned java,
      double most) {
    String rival = "QEMU, start to quit";
    String floor = "a Java that prints one line";
    findings.add(
        new Figure(id, what, Unit.TIME, own.wall)
            .must(Limit.atMost(most))
            .beside(rival, qemu.wall)
            .beside(floor, java.wall));
    findings.add(
        new Figure(id + ".cpu", what + ": CPU time", Unit.TIME, own.cpu)
            .beside(rival, qemu.cpu)
            .beside(floor, java.cpu));
    findings.add(
        new Figure(id + ".peak", what + ": most memory", Unit.BYTES, own.peak)
            .beside(rival, qemu.peak)
            .beside(floor, java.peak));
  }

  private void idle(Effort effort, Findings findings, Path file, boolean hasQemu) throws Exception {
    List<String> command = new ArrayList<>(holdfast());
    command.addAll(machine(file, IDLE_SIZE));
    for (int round = 0; round < effort.of(3, 1); round++) {
      Files.deleteIfExists(file);
      observe(command, Optional.of(file), anonymous, threads);
      // It has the compilers of the product, and prints before it waits: nothing has to be awaited.
      List<String> java = java("-XX:-UsePerfData", Hello.class.getName(), "wait");
      observe(java, Optional.empty(), javaAnonymous, javaThreads);
      if (hasQemu) {
        Files.deleteIfExists(file);
        observe(
            Qemu.command(machine(file, IDLE_SIZE)), Optional.of(file), qemuAnonymous, qemuThreads);
      }
    }
    Files.deleteIfExists(file);
    findings.add(
        new Figure(
                "idle.anonymous",
                "idle machine with 1 GiB: anonymous memory",
                Unit.BYTES,
                anonymous)
            .must(Limit.atMost(64 << 20))
            .beside("QEMU", qemuAnonymous)
            .beside("a Java that waits", javaAnonymous));
    findings.add(
        new Figure("idle.threads", "idle machine with 1 GiB: threads", Unit.COUNT, threads)
            .must(Limit.atMost(16))
            .beside("QEMU", qemuThreads)
            .beside("a Java that waits", javaThreads));
  }

  /**
   * Starts a process, and looks at it when it has been up for a while.
   *
   * @param file what is mapped when it is up
   */
  private static void observe(
      List<String> command, Optional<Path> file, Sample anonymous, Sample threads)
      throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      Path proc = Path.of("/proc/" + process.pid());
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (file.isPresent() && !read(proc.resolve("maps")).contains("" + file.get())) {
        if (!process.isAlive() || System.nanoTime() - limit > 0) {
          throw new IOException(command + " does not map its memory");
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
      long end = System.nanoTime() + IDLE_FOR;
      while (System.nanoTime() - end < 0) {
        LockSupport.parkNanos(end - System.nanoTime());
      }
      anonymous.add(number(read(proc.resolve("smaps_rollup")), "Anonymous:") * 1024);
      threads.add(number(read(proc.resolve("status")), "Threads:"));
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private static double number(String text, String name) {
    return text.lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip().split(" ")[0])
        .mapToDouble(Double::parseDouble)
        .findFirst()
        .orElseThrow();
  }

  /** Returns the command line of a class of these measurements, with the product's collector. */
  private static List<String> java(String... options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("holdfast.bench.classes", "target/classes")));
    command.addAll(List.of(options));
    return command;
  }

  /** Returns the product's command line. */
  static List<String> holdfast(String... options) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("holdfast.bench.command", "./holdfast"));
    command.addAll(List.of(options));
    return command;
  }

  /** Returns the options of a machine with one nvdimm, which both understand. */
  private static List<String> machine(Path file, long size) {
    return List.of(
        "-machine",
        "pc,nvdimm=on",
        "-m",
        "16M,slots=2,maxmem=8G",
        "-object",
        "memory-backend-file,id=m0,share=on,size=" + size + "B,mem-path=" + file,
        "-device",
        "nvdimm,id=nv0,memdev=m0");
  }
}
