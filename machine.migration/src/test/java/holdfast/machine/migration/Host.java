package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.fail;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.core.Holdfast;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A machine with two NVDIMMs on files and a guest that stores into both. */
final class Host implements AutoCloseable {
  static final long SIZE = 16 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Holdfast machine;
  private final BlockingQueue<AdminEvent.Change> changes = new LinkedBlockingQueue<>();
  private final MachineAdmin.Subscription subscription;
  private final List<Cpu> cpus = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  private Host(Holdfast machine) {
    this.machine = machine;
    this.subscription = machine.admin().subscribe(event -> changes.add(event.change()));
  }

  /** Opens a machine with its files in a folder. */
  static Host open(Path folder, String... more) throws Exception {
    return of(options(folder, more));
  }

  /** Opens the machine of options. */
  static Host of(String... options) throws Exception {
    return new Host(Holdfast.open(options));
  }

  static String[] options(Path folder, String... more) {
    List<String> options =
        new ArrayList<>(List.of("-machine", "pc,nvdimm=on", "-m", "16M,slots=4,maxmem=1G"));
    for (String id : List.of("nv0", "nv1")) {
      options.add("-object");
      options.add(
          "memory-backend-file,id=%s,share=on,size=%d,mem-path=%s"
              .formatted(id, SIZE, folder.resolve(id + ".img")));
      options.add("-device");
      options.add("nvdimm,id=%s-dev,memdev=%s,label-size=128K".formatted(id, id));
    }
    options.addAll(List.of(more));
    return options.toArray(String[]::new);
  }

  /** Adds a guest that stores into a memory backend; it runs when the machine does. */
  Cpu cpu(String memdev) {
    return cpu(new Cpu("cpu-" + memdev, memory(memdev)));
  }

  Cpu cpu(Cpu cpu) {
    machine.addDeviceState(cpu);
    machine.addWriter(cpu);
    cpus.add(cpu);
    threads.add(Thread.ofPlatform().daemon().name(cpu.id()).start(cpu));
    return cpu;
  }

  MemorySegment memory(String id) {
    return machine.region(id).orElseThrow().segment();
  }

  MachineAdmin admin() {
    return machine.admin();
  }

  Holdfast machine() {
    return machine;
  }

  MigrationStatus status() throws Exception {
    return admin().migration().status();
  }

  /** Waits until the migration is in a state. */
  MigrationStatus await(MigrationState state) throws Exception {
    return await(status -> status.state() == state, state.label());
  }

  /** Waits for the end of the migration. */
  MigrationStatus awaitEnd() throws Exception {
    return await(
        status -> !status.state().isUnderWay() && status.state() != MigrationState.NONE, "an end");
  }

  /** Waits until no migration is under way, if there ever was one. */
  MigrationStatus awaitIdle() throws Exception {
    return await(status -> !status.state().isUnderWay(), "idle");
  }

  private MigrationStatus await(Predicate<MigrationStatus> wanted, String what) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      MigrationStatus now = status();
      if (wanted.test(now)) {
        return now;
      }
      if (changes.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS) == null) {
        return fail("not " + what + " within " + LIMIT.toSeconds() + " s, but " + status());
      }
    }
  }

  /** Waits until a guest has stored so much more. */
  static void progress(Cpu cpu) throws Exception {
    long before = cpu.next();
    long end = System.nanoTime() + LIMIT.toNanos();
    while (cpu.next() < before + 1000) {
      if (System.nanoTime() > end) {
        fail(cpu.id() + " stands still");
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() throws Exception {
    cpus.forEach(Cpu::end);
    machine.close(); // which lets stopped ones go on
    for (Thread thread : threads) {
      if (!thread.join(LIMIT)) {
        fail(thread.getName() + " does not end");
      }
    }
    subscription.close();
  }
}
