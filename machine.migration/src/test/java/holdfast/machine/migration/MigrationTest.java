package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.DeviceState;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest moves from one machine to another, on the file system of temporary files. */
@Timeout(300)
class MigrationTest {
  @TempDir private Path folder;

  private Path here() throws IOException {
    return Files.createDirectories(folder.resolve("here"));
  }

  private Path there() throws IOException {
    return Files.createDirectories(folder.resolve("there"));
  }

  private String socket() {
    return "unix:" + folder.resolve("socket");
  }

  private static Map<String, String> unlimited() {
    return Map.of("max-bandwidth", "0");
  }

  @Test
  @DisplayName(
      "a guest that stores all the time goes on at the destination where it stopped at the source,"
          + " with all that it stored, and the source never lets it go on again")
  void underWriters() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu first = source.cpu("nv0");
      source.cpu("nv1");
      Cpu second = destination.cpu("nv0");
      Cpu other = destination.cpu("nv1");
      Host.progress(first);
      assertEquals(1, second.next(), "nothing runs where the guest is not");

      source.admin().migration().setParameters(unlimited());
      source.admin().migration().migrate(socket());
      MigrationStatus sent = source.awaitEnd();
      MigrationStatus came = destination.awaitEnd();

      assertEquals(MigrationState.COMPLETED, sent.state(), sent::toString);
      assertEquals(MigrationState.COMPLETED, came.state(), came::toString);
      assertTrue(second.next() >= first.next(), "it goes on where it stopped");
      Host.progress(second);
      destination.admin().stop();
      assertEquals("", second.fault(destination.memory("nv0")));
      assertEquals("", other.fault(destination.memory("nv1")));
      assertEquals("", first.fault(source.memory("nv0")), "the source is as it was");
      assertEquals(Ownership.MOVED, source.admin().status().ownership());
      assertThrows(RefusedException.class, () -> source.admin().cont());
      assertThrows(RefusedException.class, () -> source.admin().migration().migrate(socket()));
    }
    MachineException refused =
        assertThrows(MachineException.class, () -> Holdfast.open(Host.options(here())));
    assertTrue(
        refused.getMessage().contains("moved") || refused.getMessage().contains("left"),
        refused::getMessage);
    Holdfast.open(Host.options(there())).close(); // the destination's files are good
    assertEquals(List.of(), notes(there()));
  }

  private static List<String> notes(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".img"))
          .toList();
    }
  }

  @Test
  @DisplayName(
      "a guest that was stopped stays stopped at the destination until it is resumed there")
  void stopped() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu first = source.cpu("nv0");
      Cpu second = destination.cpu("nv0");
      Host.progress(first);
      source.admin().stop();
      source.admin().migration().migrate(socket());
      assertEquals(MigrationState.COMPLETED, destination.awaitEnd().state());
      assertEquals(first.next(), second.next());
      assertTrue(destination.admin().status().stopped());
      destination.admin().cont();
      Host.progress(second);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-device nvdimm,id=more,memdev=m|-object memory-backend-ram,id=m,size=1M",
        "-object memory-backend-ram,id=m,size=1M",
      })
  @DisplayName("what one side has and the other has not refuses before anything is paused")
  void mismatch(String more) throws Exception {
    String[] options =
        Stream.concat(
                Stream.of("-incoming", socket()),
                Stream.of(more.split("\\|")).toList().reversed().stream()
                    .flatMap(one -> Stream.of(one.split(" ", 2))))
            .toArray(String[]::new);
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), options)) {
      Cpu cpu = source.cpu("nv0");
      destination.cpu("nv0");
      source.admin().migration().migrate(socket());
      MigrationStatus status = source.awaitEnd();
      assertEquals(MigrationState.FAILED, status.state());
      assertTrue(status.error().orElseThrow().contains("this machine has a"), status::toString);
      assertEquals(Ownership.OWNER, source.admin().status().ownership());
      assertFalse(source.admin().status().stopped());
      Host.progress(cpu);
      assertEquals(List.of(), notes(here()));
      assertEquals(List.of(), notes(there()));
    }
  }

  @Test
  @DisplayName("a machine that already listens without TLS does not seem to have it")
  void tlsTooLate() throws Exception {
    try (Host destination = Host.open(there(), "-incoming", socket())) {
      InvalidRequestException refused =
          assertThrows(
              InvalidRequestException.class,
              () ->
                  destination
                      .admin()
                      .migration()
                      .setParameters(Map.of("x-holdfast-tls-dir", folder.toString())));
      assertTrue(refused.getMessage().contains("without TLS"), refused::getMessage);
      destination.admin().migration().setParameters(Map.of("downtime-limit", "10"));
    }
  }

  @Test
  @DisplayName("where nobody can listen no machine waits for its guest, and nothing is left behind")
  void nobodyListens() throws Exception {
    Path taken = Files.writeString(folder.resolve("socket"), "not a socket");
    MachineException refused =
        assertThrows(
            MachineException.class, () -> Host.open(there(), "-incoming", "unix:" + taken));
    assertTrue(refused.getMessage().contains(taken.toString()), refused::getMessage);
    assertEquals("not a socket", Files.readString(taken));
    Holdfast.open(Host.options(there())).close();
  }

  @Test
  @DisplayName("another label size of a device refuses, with both")
  void labelSize() throws Exception {
    String[] there = Host.options(there(), "-incoming", socket());
    for (int i = 0; i < there.length; i++) {
      there[i] =
          there[i].replace(
              "id=nv1-dev,memdev=nv1,label-size=128K", "id=nv1-dev,memdev=nv1,label-size=256K");
    }
    try (Host source = Host.open(here());
        Host _ = Host.of(there)) {
      source.admin().migration().migrate(socket());
      String error = source.awaitEnd().error().orElseThrow();
      assertTrue(error.contains("label-size 131072") && error.contains("label-size 262144"), error);
    }
  }

  @Test
  @DisplayName("another version of a state that can't be loaded refuses, with both versions")
  void versions() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      source.cpu(new Cpu("cpu0", source.memory("nv0"), 2));
      destination.cpu(new Cpu("cpu0", destination.memory("nv0"), 1));
      source.admin().migration().migrate(socket());
      String error = source.awaitEnd().error().orElseThrow();
      assertTrue(error.contains("version 2") && error.contains("version 1"), error);
    }
  }

  @Test
  @DisplayName(
      "a state that fails to load leaves the guest at the source, as if nothing had been; and a"
          + " second attempt works, over the same files")
  void failsToLoad() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu first = source.cpu("nv0");
      Broken broken = new Broken(destination);
      destination.cpu(broken.cpu);
      destination.machine().removeDeviceState(broken.cpu);
      destination.machine().addDeviceState(broken);
      source.admin().migration().setParameters(unlimited());
      source.admin().migration().migrate(socket());
      MigrationStatus failed = source.awaitEnd();
      assertEquals(MigrationState.FAILED, failed.state(), failed::toString);
      assertTrue(failed.error().orElseThrow().contains("it is broken"), failed::toString);
      Host.progress(first);
      assertEquals(MigrationState.FAILED, destination.awaitEnd().state());

      broken.works = true;
      source.admin().migration().migrate(socket());
      assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
      Host.progress(broken.cpu);
    }
  }

  @Test
  @DisplayName(
      "a state that can't be saved, or is longer than 64 MiB, leaves the guest at the source, too")
  void failsToSave() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu cpu = source.cpu("nv0");
      destination.cpu("nv0");
      Unsaved unsaved = new Unsaved();
      source.machine().addDeviceState(unsaved);
      destination.machine().addDeviceState(unsaved);
      source.admin().migration().setParameters(unlimited());
      for (String reason : List.of("it can't be saved", "longer than 64 MiB")) {
        source.admin().migration().migrate(socket());
        String error = source.awaitEnd().error().orElseThrow();
        assertTrue(error.contains("'disk0'") && error.contains(reason), error);
        Host.progress(cpu);
        assertEquals(MigrationState.FAILED, destination.awaitEnd().state());
        unsaved.tooLong = true;
      }
    }
  }

  @Test
  @DisplayName("an emulator whose parts come when the source is already there is waited for")
  void statesComeLater() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu first = source.cpu("nv0");
      Host.progress(first);
      source.admin().migration().setParameters(unlimited());
      source.admin().migration().migrate(socket());
      destination.await(MigrationState.SETUP);

      Cpu second = destination.cpu("nv0");

      assertEquals(MigrationState.COMPLETED, destination.awaitEnd().state());
      Host.progress(second);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"saved", "loaded"})
  @DisplayName("a state that hangs is named after 10 s, and leaves the guest at the source")
  void hangs(String where) throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu cpu = source.cpu("nv0");
      destination.cpu("nv0");
      Hanging hanging = new Hanging(where);
      source.machine().addDeviceState(hanging);
      destination.machine().addDeviceState(hanging);
      source.admin().migration().setParameters(unlimited());

      source.admin().migration().migrate(socket());

      MigrationStatus status = source.awaitEnd();
      assertEquals(MigrationState.FAILED, status.state(), status::toString);
      String error = status.error().orElseThrow();
      assertTrue(error.contains("'disk0' is " + where + " took more than 10 s"), error);
      Host.progress(cpu);
      assertEquals(MigrationState.FAILED, destination.awaitEnd().state());
      assertTrue(hanging.interrupted.await(60, TimeUnit.SECONDS), "its thread is not left alone");
    }
  }

  /** A state that is not done when it is saved, or loaded, until it is interrupted. */
  private static final class Hanging implements DeviceState {
    private final String where;
    private final CountDownLatch interrupted = new CountDownLatch(1);

    Hanging(String where) {
      this.where = where;
    }

    @Override
    public String id() {
      return "disk0";
    }

    @Override
    public int version() {
      return 1;
    }

    @Override
    public void save(OutputStream to) {
      hangIf("saved");
    }

    @Override
    public void load(int version, InputStream from) {
      hangIf("loaded");
    }

    private void hangIf(String called) {
      if (called.equals(where)) {
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException e) {
          interrupted.countDown();
        }
      }
    }
  }

  /** A state that throws when it is saved, or writes too much. */
  private static final class Unsaved implements DeviceState {
    private volatile boolean tooLong;

    @Override
    public String id() {
      return "disk0";
    }

    @Override
    public int version() {
      return 1;
    }

    @Override
    public void save(OutputStream to) throws IOException {
      if (!tooLong) {
        throw new IOException("it can't be saved");
      }
      byte[] piece = new byte[1 << 20];
      for (int i = 0; i < 65; i++) {
        to.write(piece);
      }
    }

    @Override
    public void load(int version, InputStream from) {}
  }

  /** A state that can't be loaded until it works. */
  private static final class Broken implements DeviceState {
    private final Cpu cpu;
    private volatile boolean works;

    Broken(Host host) {
      cpu = new Cpu("cpu-nv0", host.memory("nv0"));
    }

    @Override
    public String id() {
      return cpu.id();
    }

    @Override
    public int version() {
      return 1;
    }

    @Override
    public void save(OutputStream to) throws IOException {
      cpu.save(to);
    }

    @Override
    public void load(int version, InputStream from) throws IOException {
      if (!works) {
        throw new IOException("it is broken");
      }
      cpu.load(version, from);
    }
  }

  @Test
  @DisplayName("while a guest migrates its machine is not changed; when it is cancelled it can be")
  void cancelled() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      Cpu cpu = source.cpu("nv0");
      destination.cpu("nv0");
      source.admin().migration().setParameters(Map.of("max-bandwidth", "1M"));
      source.admin().migration().migrate(socket());
      source.await(MigrationState.ACTIVE);
      destination.await(MigrationState.ACTIVE); // its files are unfinished copies from now on
      assertThrows(BusyException.class, () -> source.admin().migration().migrate(socket()));
      AdminException frozen =
          assertThrows(
              AdminException.class,
              () ->
                  source.admin().addObject("memory-backend-ram", Map.of("id", "x", "size", "1M")));
      assertTrue(frozen.getMessage().contains("migrating"), frozen::getMessage);
      source.admin().migration().cancel();
      assertEquals(MigrationState.CANCELLED, source.awaitEnd().state());
      Host.progress(cpu);
      source.admin().addObject("memory-backend-ram", Map.of("id", "x", "size", "1M"));
      assertEquals(MigrationState.FAILED, destination.awaitEnd().state());
      assertEquals(Ownership.AWAITED, destination.admin().status().ownership());
      assertEquals(List.of(), notes(here()));
    }
    MachineException unfinished =
        assertThrows(MachineException.class, () -> Holdfast.open(Host.options(there())));
    assertTrue(
        unfinished
            .getMessage()
            .contains("unfinished copy of memory backend 'nv0', which a sender at " + socket()),
        unfinished::getMessage);
  }

  @Test
  @DisplayName(
      "a memory backend that is durable at the source does not become memory that ends with its"
          + " process")
  void volatileThere() throws Exception {
    String[] there = Host.options(there(), "-incoming", socket());
    for (int i = 0; i < there.length; i++) {
      if (there[i].contains("id=nv1,share")) {
        there[i] = "memory-backend-memfd,id=nv1,size=" + Host.SIZE;
      }
    }
    try (Host source = Host.open(here());
        Host _ = Host.of(there)) {
      source.admin().migration().migrate(socket());
      String error = source.awaitEnd().error().orElseThrow();
      assertTrue(error.contains("'nv1' is durable at the source"), error);
    }
  }

  @Test
  @DisplayName("a cancel of a migration that has failed changes nothing, and the next one works")
  void cancelledLate() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", "defer")) {
      source.cpu("nv0");
      destination.cpu("nv0");
      source.admin().migration().setParameters(unlimited());
      source.admin().migration().migrate(socket());
      assertEquals(MigrationState.FAILED, source.awaitEnd().state());
      source.admin().migration().cancel();
      assertEquals(MigrationState.FAILED, source.status().state());
      destination.admin().migration().listen(socket());
      source.admin().migration().migrate(socket());
      assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
    }
  }

  @Test
  @DisplayName(
      "a destination that ends while it loads the guest's state does not get the guest: it goes on at"
          + " the source")
  void destinationEnds() throws Exception {
    try (Host source = Host.open(here())) {
      Cpu cpu = source.cpu("nv0");
      CountDownLatch loading = new CountDownLatch(1);
      CountDownLatch ended = new CountDownLatch(1);
      try (Host destination = Host.open(there(), "-incoming", socket())) {
        Cpu there = new Cpu("cpu-nv0", destination.memory("nv0"));
        destination
            .machine()
            .addDeviceState(
                new DeviceState() {
                  @Override
                  public String id() {
                    return there.id();
                  }

                  @Override
                  public int version() {
                    return 1;
                  }

                  @Override
                  public void save(OutputStream to) {}

                  @Override
                  public void load(int version, InputStream from) throws IOException {
                    loading.countDown();
                    try {
                      ended.await();
                    } catch (InterruptedException e) {
                      throw new IOException(e);
                    }
                  }
                });
        source.admin().migration().setParameters(unlimited());
        source.admin().migration().migrate(socket());
        assertTrue(loading.await(60, TimeUnit.SECONDS));
        Thread ending = Thread.ofPlatform().start(destination.machine()::close);
        assertEquals(MigrationState.FAILED, source.awaitEnd().state(), source.status()::toString);
        ended.countDown();
        assertTrue(ending.join(Duration.ofSeconds(60)));
      }
      Host.progress(cpu);
      assertEquals(Ownership.OWNER, source.admin().status().ownership());
    }
  }

  @Test
  @DisplayName("the guest of a machine that waits for it, or that it has left, is not reset")
  void notHere() throws Exception {
    try (Host source = Host.open(here());
        Host destination = Host.open(there(), "-incoming", socket())) {
      assertThrows(RefusedException.class, () -> destination.admin().resetGuest());
      assertThrows(RefusedException.class, () -> destination.admin().powerDownGuest());
      source.admin().migration().setParameters(unlimited());
      source.admin().migration().migrate(socket());
      assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
      RefusedException gone =
          assertThrows(RefusedException.class, () -> source.admin().resetGuest());
      assertTrue(gone.getMessage().contains("has left"), gone::getMessage);
    }
  }

  @Test
  @DisplayName("a snapshot in a file leaves the guest here, and another machine goes on from it")
  void snapshot() throws Exception {
    String file = "file:" + folder.resolve("snapshot");
    long saved;
    try (Host source = Host.open(here())) {
      Cpu cpu = source.cpu("nv0");
      Host.progress(cpu);
      source.admin().migration().setParameters(unlimited());
      source.admin().migration().migrate(file);
      assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
      assertTrue(source.admin().status().stopped());
      saved = cpu.next();
      source.admin().cont();
      Host.progress(cpu);
    }
    try (Host destination = Host.open(there(), "-incoming", "defer")) {
      Cpu cpu = destination.cpu("nv0");
      destination.admin().migration().listen(file);
      assertEquals(
          MigrationState.COMPLETED, destination.awaitEnd().state(), destination.status()::toString);
      assertTrue(cpu.next() >= saved);
      Host.progress(cpu);
      destination.admin().stop();
      assertEquals("", cpu.fault(destination.memory("nv0")));
    }
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS) // for a thousand on a busy machine
  @DisplayName("a guest goes there and back again many times, and nothing is lost or left behind")
  void thereAndBack() throws Exception {
    int rounds = Integer.getInteger("holdfast.test.migrations", 10);
    long counted = 1;
    int descriptors = Integer.MAX_VALUE;
    for (int round = 0; round < rounds; round++) {
      Path from = round % 2 == 0 ? here() : there();
      Path to = round % 2 == 0 ? there() : here();
      try (LeakCheck _ = LeakCheck.start(FaultyLibc.host(), folder);
          Host source = Host.open(from)) {
        Cpu cpu = new Cpu("cpu-nv0", source.memory("nv0"));
        try (DataInputStream state = state(counted)) {
          cpu.load(1, state);
        }
        source.cpu(cpu);
        try (Host destination = Host.open(to, "-incoming", socket())) {
          Cpu next = destination.cpu("nv0");
          Host.progress(cpu);
          source.admin().migration().setParameters(unlimited());
          source.admin().migration().migrate(socket());
          MigrationStatus status = source.awaitEnd();
          assertEquals(MigrationState.COMPLETED, status.state(), status::toString);
          assertEquals(MigrationState.COMPLETED, destination.awaitEnd().state());
          Host.progress(next);
          destination.admin().stop();
          assertEquals("", next.fault(destination.memory("nv0")));
          counted = next.next();
        }
      }
      assertTrue(descriptors() <= descriptors, "descriptors: " + descriptors());
      assertEquals(List.of("nv0.img", "nv1.img"), left(to), "the guest is here, and only there");
      if (round == 1) { // by then what is opened once is open
        descriptors = descriptors() + 5;
      }
    }
  }

  private static int descriptors() {
    return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
  }

  private static List<String> left(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(one -> one.getFileName().toString()).sorted().toList();
    }
  }

  private static DataInputStream state(long next) {
    return new DataInputStream(
        new ByteArrayInputStream(ByteBuffer.allocate(Long.BYTES).putLong(next).array()));
  }
}
