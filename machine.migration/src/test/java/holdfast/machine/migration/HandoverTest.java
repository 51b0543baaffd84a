package holdfast.machine.migration;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import holdfast.host.linux.files.DescriptorChannel;
import holdfast.machine.admin.MigrationAdmin.Decision;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.core.MachineException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Proves that a guest moves to another machine of its host without its memory being copied, with
 * one owner at every moment. Holds on page-cache files, tmpfs and memfds.
 */
class HandoverTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String[] MEMFD = {
    "-object", "memory-backend-memfd,id=m,size=8M,share=on", "-device", "pc-dimm,id=m-dev,memdev=m"
  };

  private static final Pattern PROOF = Pattern.compile("[0-9a-f]{64}");

  @TempDir Path folder;
  private long descriptors;

  @BeforeEach
  void count() throws IOException {
    DescriptorChannelWarmUp.once();
    descriptors = openDescriptors();
  }

  @AfterEach
  void nothingIsLeft() throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (openDescriptors() != descriptors && System.nanoTime() < end) {
      Thread.sleep(5); // threads that end close some
    }
    assertEquals(descriptors, openDescriptors(), "descriptors");
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of("nv0.img", "nv1.img"),
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> !name.startsWith("other"))
              .sorted()
              .toList());
    }
  }

  /** Loads what keeps descriptors for ever. */
  private static final class DescriptorChannelWarmUp {
    private static boolean done;

    static synchronized void once() throws IOException {
      if (!done) {
        done = true;
        assertThrows(IOException.class, () -> DescriptorChannel.connect(Path.of("/nowhere")));
        SocketChannel.open(StandardProtocolFamily.UNIX).close();
      }
    }
  }

  private static long openDescriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(HandoverTest::isOfTheMachine).count();
    }
  }

  private static boolean isOfTheMachine(Path descriptor) {
    try {
      String behind = Files.readSymbolicLink(descriptor).toString();
      return behind.contains(".img") || behind.contains("memfd:") || behind.startsWith("socket:");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  private Path door() {
    return folder.resolve("door");
  }

  private String address() {
    return "cpr:" + door();
  }

  private CompletableFuture<Host> destination(String... more) throws Exception {
    return open(
        Stream.of(Host.options(folder, more), new String[] {"-incoming", address()})
            .flatMap(Arrays::stream)
            .toArray(String[]::new));
  }

  private CompletableFuture<Host> open(String... options) throws Exception {
    CompletableFuture<Host> opened = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                opened.complete(Host.of(options));
              } catch (Exception | Error e) {
                opened.completeExceptionally(e);
              }
            });
    awaitDoor(opened);
    return opened;
  }

  private void awaitDoor(CompletableFuture<Host> opened) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!Files.exists(door())) {
      if (opened.isCompletedExceptionally() || System.nanoTime() > end) {
        fail("nobody waits at " + door() + ": " + opened);
      }
      Thread.sleep(1);
    }
  }

  private static Host get(CompletableFuture<Host> opened) throws Exception {
    return opened.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  @DisplayName(
      "a guest that stores all the time goes on in the other machine, on the very same files and"
          + " memfds, of which nothing was copied")
  void underWriters() throws Exception {
    try (Host source = Host.open(folder, MEMFD)) {
      Cpu first = source.cpu("nv0");
      Cpu onMemfd = source.cpu("m");
      Host.progress(first);
      Host.progress(onMemfd);
      CompletableFuture<Host> opened = destination(MEMFD);
      source.admin().migration().migrate(address());
      try (Host destination = get(opened)) {
        Cpu second = destination.cpu("nv0");
        Cpu secondOnMemfd = destination.cpu("m");
        MigrationStatus sent = source.awaitEnd();
        MigrationStatus came = destination.awaitEnd();

        assertEquals(MigrationState.COMPLETED, sent.state(), sent::toString);
        assertEquals(MigrationState.COMPLETED, came.state(), came::toString);
        assertEquals(16L << 20, sent.ram().total().bytes(), "base RAM alone is sent");
        assertEquals(Ownership.MOVED, source.admin().status().ownership());
        assertTrue(second.next() >= first.next(), "it goes on where it stopped");
        Host.progress(second);
        destination.admin().stop();
        assertEquals("", second.fault(destination.memory("nv0")));
        assertEquals("", second.fault(source.memory("nv0")), "it is the same memory");
        assertEquals("", secondOnMemfd.fault(destination.memory("m")));
        assertThrows(RefusedException.class, () -> source.admin().cont());

        source.close();
        destination.admin().cont();
        Host.progress(second);
        MachineException locked =
            assertThrows(MachineException.class, () -> Host.open(folder).close());
        assertTrue(locked.getMessage().contains("nv0"), locked::getMessage);
      }
      Host.open(folder).close();
    }
  }

  @Test
  @DisplayName("a file that is not the one that was handed over is refused, and the guest goes on")
  void anotherFile() throws Exception {
    try (Host source = Host.open(folder)) {
      Cpu cpu = source.cpu("nv0");
      String[] options = Host.options(folder, "-incoming", address());
      Path other = Files.copy(folder.resolve("nv0.img"), folder.resolve("other.img"));
      for (int at = 0; at < options.length; at++) {
        options[at] = options[at].replace("nv0.img", "other.img");
      }
      CompletableFuture<Host> opened = open(options);
      source.admin().migration().migrate(address());
      MigrationStatus failed = source.awaitEnd();
      assertEquals(MigrationState.FAILED, failed.state());
      assertTrue(
          failed.error().orElseThrow().contains(other + "")
              && failed.error().orElseThrow().contains("not the file"),
          failed::toString);
      assertThrows(Exception.class, () -> get(opened));
      assertEquals(Ownership.OWNER, source.admin().status().ownership());
      Host.progress(cpu);
    }
  }

  @Test
  @DisplayName("one that was refused can be tried again with what has been handed over")
  void again() throws Exception {
    try (Host source = Host.open(folder)) {
      Cpu first = source.cpu("nv0");
      CompletableFuture<Host> opened = destination();
      source.admin().migration().migrate(address());
      try (Host destination = get(opened)) {
        destination.cpu(new Cpu("another", destination.memory("nv1")));
        MigrationStatus failed = source.awaitEnd();
        assertEquals(MigrationState.FAILED, failed.state());
        assertTrue(failed.error().orElseThrow().contains("no emulator"), failed::toString);
        Host.progress(first);
        destination.awaitIdle();
        source.cpu(new Cpu("another", source.memory("nv1")));
        Cpu second = destination.cpu("nv0");
        source.admin().migration().migrate(address());
        assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
        destination.await(MigrationState.COMPLETED);
        Host.progress(second);
        destination.admin().stop();
        assertEquals("", second.fault(destination.memory("nv0")));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    // in the first bytes and the offer; behind the destination's word that all is there
    "3, false, -1",
    "200, false, -1",
    "0, true, -1",
    "40, true, -1",
    "69, true, -1",
    // of the destination's answers: none, an acceptance, its word that all is there, half the last
    "-1, false, 0",
    "-1, false, 5",
    "-1, false, 18",
    "-1, false, 20",
  })
  @DisplayName(
      "where the connection is cut the guest is on one side at most, though both have its memory,"
          + " and can go on there")
  void cut(long fromSource, boolean afterReady, long fromDestination) throws Exception {
    Path out = folder.resolve("other-door");
    try (Host source = Host.open(folder)) {
      Cpu here = source.cpu("nv0");
      CompletableFuture<Host> opened = destination();
      source.admin().migration().migrate(address());
      try (Host destination = get(opened)) {
        // what it lacks fails the first attempt, behind the handover
        destination.cpu(new Cpu("another", destination.memory("nv1")));
        assertEquals(MigrationState.FAILED, source.awaitEnd().state());
        destination.awaitIdle();
        source.cpu(new Cpu("another", source.memory("nv1")));
        Cpu there = destination.cpu("nv0");
        try (Proxy _ = new Proxy(out, door(), fromSource, afterReady, fromDestination, true)) {
          source.admin().migration().migrate("cpr:" + out);
          source.awaitEnd();
          destination.awaitIdle();
        }
        settle(source, destination, here);
        Host.progress(there);
        destination.admin().stop();
        assertEquals("", there.fault(destination.memory("nv0")));
        assertEquals(Ownership.MOVED, source.admin().status().ownership());
      }
    } finally {
      Files.deleteIfExists(out);
    }
    Host.open(folder).close();
  }

  private void settle(Host source, Host destination, Cpu here) throws Exception {
    Ownership there = destination.admin().status().ownership();
    if (source.admin().status().ownership() == Ownership.OWNER) {
      assertTrue(there == Ownership.AWAITED || there == Ownership.UNDECIDED, there::toString);
      assertTrue(destination.admin().status().stopped());
      Host.progress(here);
      if (there == Ownership.UNDECIDED) {
        destination.admin().migration().decide(Decision.ELSEWHERE, "");
      }
      source.admin().migration().migrate(address());
      assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
    } else if (there == Ownership.UNDECIDED) {
      Matcher proof = PROOF.matcher(source.status().error().orElseThrow());
      assertTrue(proof.find());
      destination.admin().migration().decide(Decision.HERE, proof.group());
    }
    assertEquals(Ownership.OWNER, destination.admin().status().ownership());
  }

  @Test
  @DisplayName("another machine's file of the same name is refused when it is tried again")
  void swappedMeanwhile() throws Exception {
    try (Host source = Host.open(folder)) {
      CompletableFuture<Host> opened = destination();
      try (Host other = Host.open(Files.createDirectories(folder.resolve("others")))) {
        other.admin().migration().migrate(address());
        MigrationStatus failed = other.awaitEnd();
        assertEquals(MigrationState.FAILED, failed.state());
        assertTrue(failed.error().orElseThrow().contains("not the file"), failed::toString);
      }
      assertThrows(Exception.class, () -> get(opened));
      assertEquals(Ownership.OWNER, source.admin().status().ownership());
    }
  }

  @Test
  @DisplayName("discard-data discards nothing where the guest is not, and does where it is")
  void discardData() throws Exception {
    try (Host source = Host.of(discarding())) {
      CompletableFuture<Host> opened =
          open(discarding("-incoming", address(), "-object", "memory-backend-ram,id=more,size=1M"));
      source.memory("nv0").set(ValueLayout.JAVA_LONG, 0, 42);
      source.admin().migration().migrate(address());
      try (Host _ = get(opened)) {
        assertEquals(MigrationState.FAILED, source.awaitEnd().state(), "one side has more");
      }
      assertEquals(42, source.memory("nv0").get(ValueLayout.JAVA_LONG, 0));

      CompletableFuture<Host> again = open(discarding("-incoming", address()));
      source.admin().migration().migrate(address());
      try (Host destination = get(again)) {
        assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
        source.close();
        assertEquals(42, destination.memory("nv0").get(ValueLayout.JAVA_LONG, 0));
      }
    }
    try (Host opened = Host.open(folder)) {
      assertEquals(0, opened.memory("nv0").get(ValueLayout.JAVA_LONG, 0), "its owner discards");
    }
  }

  private String[] discarding(String... more) {
    String[] options = Host.options(folder, more);
    for (int at = 0; at < options.length; at++) {
      options[at] = options[at].replace("id=nv0,", "id=nv0,discard-data=on,");
    }
    return options;
  }

  @Test
  @DisplayName("garbage costs its connection, and the machine goes on waiting")
  void garbage() throws Exception {
    try (Host source = Host.open(folder)) {
      CompletableFuture<Host> opened = destination();
      for (String text : List.of("", "x", "GET / HTTP/1.1\r\n", "HFD1\0\4name", "HFD1\377\377")) {
        try (SocketChannel somebody = SocketChannel.open(StandardProtocolFamily.UNIX)) {
          somebody.connect(UnixDomainSocketAddress.of(door()));
          somebody.write(ByteBuffer.wrap(text.getBytes(ISO_8859_1)));
        }
      }
      assertFalse(opened.isDone());
      source.admin().migration().migrate(address());
      try (Host _ = get(opened)) {
        assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
      }
    }
  }

  @Test
  @DisplayName("memory can't be handed over to a machine that is open, nor to a QEMU")
  void tooLate() throws Exception {
    try (Host source = Host.open(folder)) {
      try (Host deferred =
          Host.open(Files.createDirectories(folder.resolve("others")), "-incoming", "defer")) {
        RefusedException late =
            assertThrows(
                RefusedException.class, () -> deferred.admin().migration().listen(address()));
        assertTrue(late.getMessage().contains("-incoming"), late::getMessage);
      }
      source.admin().migration().setParameters(Map.of("x-holdfast-peer", "qemu"));
      assertThrows(RefusedException.class, () -> source.admin().migration().migrate(address()));
      source.admin().migration().setParameters(Map.of("x-holdfast-peer", "holdfast"));
      source.admin().migration().migrate(address());
      assertTrue(source.awaitEnd().error().orElseThrow().contains(door().toString()));
    }
  }
}
