package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestWriter;
import holdfast.machine.copy.PausedWriter;
import holdfast.machine.core.Backend;
import holdfast.machine.core.RegionLease;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What can still be read of memory that has failed comes to the standby file; on tmpfs. */
@Timeout(60)
class EvacuationTest {
  private static final int SIZE = 2 << 20;

  private static void evacuate(SwapFixture fixture) {
    Backend backend = fixture.machine.machine().find("ram0").orElseThrow();
    new Evacuation(backend, standby(fixture), fixture.writers).run();
  }

  private static Path standby(SwapFixture fixture) {
    return fixture.folder.resolve("standby");
  }

  private static String rescue(SwapFixture fixture) {
    return fixture.machine.machine().find("ram0").orElseThrow().rescue();
  }

  private static String list(SwapFixture fixture) throws IOException {
    return Files.readString(fixture.folder.resolve("standby.lost.json"));
  }

  /** That each page of the standby file has what was stored there. */
  private static void assertHolds(SwapFixture fixture, long to) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(standby(fixture))).order(ByteOrder.nativeOrder());
    assertEquals(SIZE, bytes.capacity());
    for (int at = 0; at < SIZE; at += 512) {
      assertEquals(at < to ? at * 31L + 7 : 0, bytes.getLong(at), "at " + at);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Place.class,
      names = {"TMPFS", "MEMFD", "ANONYMOUS", "PRIVATE"})
  @DisplayName("all of it, if all can be read, and the list of what could not is empty")
  void whole(Place place) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, place)) {
      fixture.fill();
      PausedWriter writer = new PausedWriter("vcpu0");
      fixture.writers.add(writer);
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertHolds(fixture, SIZE);
      assertTrue(list(fixture).contains("\"unreadable\":[]"), list(fixture));
      assertTrue(list(fixture).contains("\"reason\":\"the disk is on fire\""), list(fixture));
      assertTrue(list(fixture).contains("\"writers\":\"paused\""), list(fixture));
      assertTrue(rescue(fixture).startsWith("what could be read, 2M of 2M, was copied to"));
      assertEquals(List.of("pause", "resume"), writer.calls);
      assertFalse(Files.exists(fixture.folder.resolve("standby.part")));
    }
  }

  @Test
  @DisplayName("of a truncated file what it still has, and the range that is gone")
  void truncated() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      truncate(fixture.folder.resolve("tmpfs0"), SIZE - 8192);
      fixture.region().fail(new InternalError("a page is lost"));
      evacuate(fixture);
      assertHolds(fixture, SIZE - 8192);
      assertTrue(
          list(fixture)
              .contains("\"unreadable\":[{\"offset\":" + (SIZE - 8192) + ",\"length\":8192}]"),
          list(fixture));
    }
  }

  private static void truncate(Path file, long size) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  @Test
  @DisplayName("from memory, if its file has another name or the name is another file's")
  void renamed() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Path file = fixture.folder.resolve("tmpfs0");
      Files.move(file, fixture.folder.resolve("elsewhere"));
      Files.write(file, new byte[SIZE]);
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertHolds(fixture, SIZE);
    }
  }

  @Test
  @DisplayName("a writer that doesn't pause keeps nothing from being copied, and is named")
  void unpaused() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter late = new PausedWriter("late").late();
      fixture.writers.add(late);
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      fixture.writers.remove(late);
      assertHolds(fixture, SIZE);
      assertTrue(list(fixture).contains("the writer 'late' did not pause"), list(fixture));
    }
  }

  @Test
  @DisplayName("it waits for whoever holds the region's lease, and holds it while it copies")
  void holdsTheLease() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      AtomicBoolean held = new AtomicBoolean();
      GuestWriter looks =
          new GuestWriter() {
            @Override
            public String name() {
              return "looks";
            }

            @Override
            public boolean pause(Duration limit) {
              held.set(fixture.region().acquire(Duration.ZERO).isEmpty());
              return true;
            }

            @Override
            public void resume() {}
          };
      fixture.writers.add(looks);
      RegionLease swap = fixture.region().acquire(Duration.ZERO).orElseThrow();
      fixture.region().fail(new IOException("the disk is on fire"));
      Thread evacuation = Thread.ofPlatform().start(() -> evacuate(fixture));
      assertFalse(Files.exists(standby(fixture)));
      swap.close();
      assertTrue(evacuation.join(Duration.ofSeconds(30)));
      assertTrue(held.get());
      assertHolds(fixture, SIZE);
      fixture.region().acquire(Duration.ZERO).orElseThrow().close();
    }
  }

  @Test
  @DisplayName("a writer that hangs in its pause keeps nothing from being copied, and is named")
  void hanging() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter hangs = new PausedWriter("hangs").hangingIn("pause");
      fixture.writers.add(hangs);
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      hangs.release.countDown();
      assertHolds(fixture, SIZE);
      assertTrue(
          list(fixture).contains("the writer 'hangs' did not come back from pause() within"),
          list(fixture));
    }
  }

  @Test
  @DisplayName("a standby file that is there already is left alone, and the operator is told")
  void standbyIsThere() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Files.writeString(standby(fixture), "precious");
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertEquals("precious", Files.readString(standby(fixture)));
      assertTrue(
          rescue(fixture).startsWith("what could be read could not be copied to"), rescue(fixture));
      assertEquals(Set.of("standby", "tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("no symbolic link beside the standby file is followed")
  void links() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Path precious = Files.writeString(fixture.folder.resolve("precious"), "precious");
      for (String suffix : List.of(".lost.json", ".lost.json.new", ".part")) {
        Files.createSymbolicLink(fixture.folder.resolve("standby" + suffix), precious);
      }
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertHolds(fixture, SIZE);
      assertEquals("precious", Files.readString(precious));
      assertFalse(Files.isSymbolicLink(fixture.folder.resolve("standby.lost.json")));
      assertTrue(list(fixture).contains("\"unreadable\":[]"), list(fixture));
      assertEquals(Set.of("precious", "standby", "standby.lost.json", "tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("a link that leads nowhere is a standby file that is there")
  void danglingLink() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Files.createSymbolicLink(standby(fixture), fixture.folder.resolve("nowhere"));
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertTrue(
          rescue(fixture).startsWith("what could be read could not be copied to"), rescue(fixture));
      assertEquals(Set.of("standby", "tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("a copy whose list can't be written is kept, and told by the name it has")
  void theListCannotBeWritten() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Files.createDirectories(fixture.folder.resolve("standby.lost.json/in-the-way"));
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertTrue(
          rescue(fixture).contains("was copied to " + standby(fixture) + ".part"), rescue(fixture));
      Files.move(fixture.folder.resolve("standby.part"), standby(fixture));
      assertHolds(fixture, SIZE);
    }
  }

  @Test
  @DisplayName("what a process that was killed left half copied is no obstacle")
  void halfACopyIsLeft() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Files.writeString(fixture.folder.resolve("standby.part"), "half");
      fixture.region().fail(new IOException("the disk is on fire"));
      evacuate(fixture);
      assertHolds(fixture, SIZE);
    }
  }
}
