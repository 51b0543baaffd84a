package holdfast.backend.mmap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.KnownBytes;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two processes that want one file for guest memory. On a disk. */
@Timeout(60)
class TwoMachinesTest {

  /** What a process wants with the file. */
  @SuppressWarnings("ImmutableEnumChecker") // nobody changes the flags
  private enum Role {
    WRITER(RamFlag.RAM_SHARED),
    READER(RamFlag.RAM_SHARED, RamFlag.RAM_READONLY),
    /** Reads, and stores into copies of its own. */
    PRIVATE,
    TEMPLATE(RamFlag.RAM_READONLY_FD);

    private final RamFlag[] flags;

    Role(RamFlag... flags) {
      this.flags = flags;
    }

    RamBlockSpec spec(Path path) {
      return Bench.spec(path, flags);
    }
  }

  /** The other process. */
  static final class Neighbour {
    private Neighbour() {}

    /** Role and path. */
    public static void main(String[] arguments) {
      PrintStream out = new PrintStream(System.out, true, UTF_8);
      RamBlockSpec spec = Role.valueOf(arguments[0]).spec(Path.of(arguments[1]));
      try {
        RamBlock block = new RamMapper().map(spec, Bench.KERNEL);
        out.println("mapped " + block.spec().id());
        ChildJvm.stayUntilKilled();
      } catch (RamBlockException e) {
        out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  private static ChildJvm neighbour(Role role, Path path) throws IOException {
    return new ChildJvm(Neighbour.class, List.of(role.name(), path.toString()));
  }

  private static String sentence(Path path) {
    return "memory backend 'nv_be4' on "
        + path
        + ": the file is locked: another memory backend, here or in another process, has it open"
        + " for guest memory; two machines can't write one NVDIMM, so end the other one first";
  }

  @ParameterizedTest
  @CsvSource({
    "WRITER, WRITER",
    "WRITER, READER",
    "WRITER, PRIVATE",
    "WRITER, TEMPLATE",
    "READER, WRITER",
    "PRIVATE, WRITER",
    "TEMPLATE, WRITER"
  })
  @DisplayName("the second is refused in one sentence, until the first is killed with SIGKILL")
  void oneOfTwo(Role first, Role second) throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      try (ChildJvm winner = neighbour(first, path)) {
        assertEquals("mapped nv_be4", winner.says());
        BackingLockedException refusal =
            assertThrows(
                BackingLockedException.class,
                () -> bench.mapper().map(second.spec(path), Bench.KERNEL));
        assertEquals(sentence(path), refusal.getMessage());
        assertArrayEquals(Bench.content(Bench.SIZE), Files.readAllBytes(path));
        assertEquals(Set.of(), bench.libc.descriptors());
        winner.kill();
      }
      assertFalse(LeakCheck.isLocked(path));
      try (RamBlock block = bench.mapper().map(second.spec(path), Bench.KERNEL)) {
        assertEquals(KnownBytes.at(5), block.segment().get(ValueLayout.JAVA_BYTE, 5));
      }
    }
  }

  @Test
  @DisplayName("the other process is refused with the same sentence, and ends in order")
  void theOtherIsRefused() throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      try (RamBlock ours = bench.mapper().map(Role.WRITER.spec(path), Bench.KERNEL);
          ChildJvm loser = neighbour(Role.WRITER, path)) {
        assertEquals("BackingLockedException: " + sentence(path), loser.says());
        assertEquals(0, loser.awaitEnd());
        ours.segment().set(ValueLayout.JAVA_LONG, 0, 42);
        ours.persist(0, Long.BYTES);
        assertTrue(LeakCheck.isLocked(path), "the loser took the lock along");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"READER, READER", "READER, PRIVATE", "PRIVATE, TEMPLATE", "TEMPLATE, TEMPLATE"})
  @DisplayName("who only reads shares the file, and one that is killed takes no lock from another")
  void both(Role first, Role second) throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.file("file");
      try (ChildJvm neighbour = neighbour(first, path)) {
        assertEquals("mapped nv_be4", neighbour.says());
        try (RamBlock block = bench.mapper().map(second.spec(path), Bench.KERNEL)) {
          assertEquals(KnownBytes.at(5), block.segment().get(ValueLayout.JAVA_BYTE, 5));
          neighbour.kill();
          assertThrows(
              BackingLockedException.class,
              () -> bench.mapper().map(Role.WRITER.spec(path), Bench.KERNEL));
        }
      }
      bench.mapper().map(Role.WRITER.spec(path), Bench.KERNEL).close();
    }
  }

  @Test
  @DisplayName(
      "of two processes that start on a file that is not there, one creates it and gets it")
  void aNewFile() throws Exception {
    try (Bench bench = new Bench(Storage.disk())) {
      Path path = bench.folder.resolve("file");
      try (ChildJvm one = neighbour(Role.WRITER, path);
          ChildJvm other = neighbour(Role.WRITER, path)) {
        List<String> said = List.of(one.says(), other.says());
        assertEquals(
            Set.of("mapped nv_be4", "BackingLockedException: " + sentence(path)), Set.copyOf(said));
        assertEquals(Bench.SIZE.bytes(), Files.size(path));
        (said.getFirst().startsWith("mapped") ? one : other).kill();
      }
      bench.mapper().map(Role.WRITER.spec(path), Bench.KERNEL).close();
    }
  }
}
