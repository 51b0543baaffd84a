package holdfast.machine.migration.internal.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.BackendId;
import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.HeldFile;
import holdfast.host.testkit.Storage;
import holdfast.machine.core.ImageCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Two machines with as many files each, and the migrations between them. After each single change
 * of a note the process could have ended: what a start would then be told of every file is looked
 * at there and then, on both sides.
 */
final class TwoSides implements AutoCloseable {
  private final List<SourceNotes> sources = new ArrayList<>();
  private int migrations;

  /** One of the two machines. */
  record Machine(String name, Path folder, List<Path> files) {
    static Machine of(String name, int count) throws IOException {
      Path folder = Storage.tmpfs().newFolder();
      List<Path> files = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        files.add(Files.writeString(folder.resolve(name + i + ".img"), name));
      }
      return new Machine(name, folder, files);
    }

    List<NotedFile> noted() {
      return IntStream.range(0, files.size())
          .mapToObj(i -> new NotedFile(new BackendId("nv" + i), files.get(i)))
          .toList();
    }

    /** The same machine with its files in the opposite order: another one decides. */
    Machine reversed() {
      return new Machine(name, folder, files.reversed());
    }

    /** Whatever is in the folder beside the files. */
    Set<String> notes() throws IOException {
      try (Stream<Path> all = Files.list(folder)) {
        return new TreeSet<>(
            all.filter(one -> !files.contains(one))
                .map(one -> one.getFileName().toString())
                .toList());
      }
    }

    Set<Path> accepted(ImageCheck check, List<Path> order) {
      Set<Path> accepted = new TreeSet<>();
      for (Path file : order) {
        if (check.refusal(file).isEmpty()) {
          accepted.add(file);
        }
      }
      return accepted;
    }

    /**
     * Which files a machine can be started from if all processes end now. Starts tidy up: they must
     * say the same in any order, and once more. The notes are afterwards what they were.
     */
    Set<Path> acceptedAfterACrash() throws IOException {
      Map<Path, byte[]> saved = content();
      Set<Path> first = accepted(MigrationNotes.check(), files);
      assertEquals(first, accepted(MigrationNotes.check(), files), "the second time");
      restore(saved);
      accepted(MigrationNotes.checkIncoming(), files);
      assertEquals(first, accepted(MigrationNotes.check(), files.reversed()), "the other order");
      restore(saved);
      return first;
    }

    /**
     * Which files could be started from while the machine has them locked; no note on which a
     * commit depends goes meanwhile.
     */
    Set<Path> acceptedAlive() throws IOException {
      Map<Path, byte[]> saved = content();
      List<AutoCloseable> held = new ArrayList<>();
      for (Path file : files) {
        FoundFile found = FoundFile.at(file).orElseThrow();
        HeldFile lock = found.hold().orElseThrow();
        held.add(found::close);
        held.add(lock);
      }
      try {
        Set<Path> accepted = accepted(MigrationNotes.check(), files);
        assertEquals(saved.keySet(), content().keySet(), "somebody has the files locked");
        restore(saved);
        return accepted;
      } finally {
        for (AutoCloseable one : held) {
          close(one);
        }
      }
    }

    private static void close(AutoCloseable one) throws IOException {
      try {
        one.close();
      } catch (Exception e) {
        throw new IOException(e);
      }
    }

    Map<Path, byte[]> content() throws IOException {
      Map<Path, byte[]> content = new HashMap<>();
      try (Stream<Path> all = Files.list(folder)) {
        for (Path file : all.toList()) {
          content.put(file, Files.readAllBytes(file));
        }
      }
      return content;
    }

    void restore(Map<Path, byte[]> saved) throws IOException {
      for (Path file : content().keySet()) {
        if (!saved.containsKey(file)) {
          Files.delete(file);
        }
      }
      for (Map.Entry<Path, byte[]> file : saved.entrySet()) {
        if (!Files.exists(file.getKey())
            || !Arrays.equals(file.getValue(), Files.readAllBytes(file.getKey()))) {
          Files.write(file.getKey(), file.getValue());
        }
      }
    }
  }

  /** The process ends at this change of a note. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  /** One migration, looked at after each change of a note. */
  final class Migration {
    final Machine from;
    final Machine to;
    final Proof proof = Proof.random();
    final SourceNotes source;
    final DestinationNotes destination;

    /** At which change the processes end; 0: never. */
    final int end;

    int changes;
    boolean begun;
    boolean committing;
    boolean owning;

    /** What was on both sides when the processes ended. */
    private Map<Path, byte[]> fromAtTheEnd = Map.of();

    private Map<Path, byte[]> toAtTheEnd = Map.of();

    Migration(Machine from, Machine to, int end) {
      this.from = from;
      this.to = to;
      this.end = end;
      UUID id = UUID.randomUUID();
      Instant now = Instant.ofEpochSecond(++migrations);
      source =
          new SourceNotes(
              from.noted(), new MigrationId(id, "tcp:" + to.name(), now), proof, this::changed);
      destination =
          new DestinationNotes(
              to.noted(), new MigrationId(id, "tcp:" + from.name(), now), this::changed);
      sources.add(source);
    }

    private void changed() {
      changes++;
      try {
        look();
        if (changes == end) {
          fromAtTheEnd = from.content();
          toAtTheEnd = to.content();
          throw new Killed();
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    /** Ends both processes for good: nothing that they did on the way out has been done. */
    void end() throws IOException {
      source.close();
      from.restore(fromAtTheEnd);
      to.restore(toAtTheEnd);
    }

    /**
     * That at no time a start from both sides is accepted, and from the source until it commits.
     */
    void look() throws IOException {
      Set<Path> all = new TreeSet<>(from.files());
      Set<Path> source = committing ? Set.of() : all;
      assertEquals(source, from.acceptedAlive(), () -> "alive, change " + changes);
      assertEquals(source, from.acceptedAfterACrash(), () -> "the source, change " + changes);
      if (begun && !owning) {
        assertEquals(Set.of(), to.acceptedAfterACrash(), () -> "the destination, at " + changes);
      }
    }

    Migration received() throws IOException {
      destination.begin();
      begun = true;
      look();
      destination.received(proof.sha256());
      look();
      return this;
    }

    Migration prepared() throws IOException {
      received();
      source.prepare();
      look();
      return this;
    }

    Migration committed() throws IOException {
      prepared();
      committing = true;
      source.commit();
      look();
      return this;
    }

    Migration whole() throws IOException {
      committed();
      source.end();
      look();
      owning = true;
      destination.own();
      look();
      assertEquals(new TreeSet<>(to.files()), to.acceptedAfterACrash());
      assertEquals(Set.of(), to.notes(), "a guest that goes on leaves no note");
      return this;
    }
  }

  Migration migration(Machine from, Machine to) {
    return new Migration(from, to, 0);
  }

  Migration migration(Machine from, Machine to, int end) {
    return new Migration(from, to, end);
  }

  @Override
  public void close() {
    sources.forEach(SourceNotes::close);
  }
}
