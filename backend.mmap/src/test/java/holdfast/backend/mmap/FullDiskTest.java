package holdfast.backend.mmap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.Sentences;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk that is too small for the block: a tmpfs of 4 MiB, which only root can mount. */
@Timeout(60)
class FullDiskTest {
  private static final int MIB = 4;
  private static final ByteSize TOO_MUCH = ByteSize.mib(8);

  private static RamBlockSpec spec(Path path, RamFlag... flags) {
    return Bench.spec(path, flags).withSize(TOO_MUCH);
  }

  @Test
  @DisplayName("a size beyond what is free is refused at the start, and no file stays behind")
  void refusedAtTheStart() throws Exception {
    try (Mount mount = Mount.tmpfs(MIB);
        Bench bench = new Bench(mount.storage())) {
      Path path = bench.folder.resolve("file");
      BackingSpaceException refusal =
          assertThrows(
              BackingSpaceException.class,
              () -> bench.mapper().map(spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
      assertTrue(refusal.errno().startsWith("ENOSPC"), refusal::errno);
      Sentences.assertNames(refusal, path.toString());
      Sentences.assertNames(refusal, "size=8M");
      assertEquals(List.of(), bench.leaks().leaks());
      assertEquals(Set.of(), bench.leaks().newFiles());
    }
  }

  @Test
  @DisplayName("a file that was found empty is empty again, and all of the space is free again")
  void anEmptyFileIsEmptyAgain() throws Exception {
    try (Mount mount = Mount.tmpfs(MIB);
        Bench bench = new Bench(mount.storage())) {
      Path path = Files.createFile(bench.folder.resolve("file"));
      assertThrows(
          BackingSpaceException.class,
          () -> bench.mapper().map(spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
      assertEquals(0, Files.size(path));
      RamBlockSpec fits = spec(path, RamFlag.RAM_SHARED).withSize(ByteSize.mib(MIB));
      try (RamBlock block = bench.mapper().map(fits, Bench.KERNEL)) {
        block.segment().fill((byte) 1);
      }
    }
  }

  @Test
  @DisplayName("a file with holes, of the right size, is refused at the start, and stays as it is")
  void aFileWithHoles() throws Exception {
    try (Mount mount = Mount.tmpfs(MIB);
        Bench bench = new Bench(mount.storage())) {
      Path path = bench.folder.resolve("file");
      try (FileChannel holes =
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        holes.write(ByteBuffer.wrap(new byte[] {42}), TOO_MUCH.bytes() - 1);
      }
      assertThrows(
          BackingSpaceException.class,
          () -> bench.mapper().map(spec(path, RamFlag.RAM_SHARED), Bench.KERNEL));
      assertEquals(TOO_MUCH.bytes(), Files.size(path));
    }
  }

  /** How a guest stores. */
  private enum Store {
    WORDS {
      @Override
      void all(MemorySegment segment) {
        for (long at = 0; at < segment.byteSize(); at += Long.BYTES) {
          segment.set(ValueLayout.JAVA_LONG, at, 1);
        }
      }
    },
    FILL {
      @Override
      void all(MemorySegment segment) {
        segment.fill((byte) 1);
      }
    },
    COPY {
      @Override
      void all(MemorySegment segment) {
        byte[] bytes = new byte[(int) segment.byteSize()];
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
      }
    };

    abstract void all(MemorySegment segment);
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  @DisplayName("with reserve=off it starts, and the store that meets the end is an InternalError")
  void metByTheGuest(Store store) throws Exception {
    try (Mount mount = Mount.tmpfs(MIB)) {
      Path path = mount.folder().resolve("file");
      // in a process of its own, since a JVM that can't cope would end
      try (ChildJvm guest = new ChildJvm(Guest.class, List.of(path.toString(), store.name()))) {
        assertEquals("mapped", guest.says());
        assertEquals("internalerror", guest.says());
        assertEquals("serves", guest.says());
        assertEquals(0, guest.awaitEnd());
      }
      assertEquals(TOO_MUCH.bytes(), Files.size(path));
    }
  }

  /** Stores into all of a block that has too little behind it. */
  static final class Guest {
    private Guest() {}

    public static void main(String[] arguments) throws RamBlockException, IOException {
      PrintStream out = new PrintStream(System.out, true, UTF_8);
      RamBlockSpec spec = spec(Path.of(arguments[0]), RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE);
      try (RamBlock block = new RamMapper().map(spec, Bench.KERNEL)) {
        out.println("mapped");
        try {
          Store.valueOf(arguments[1]).all(block.segment());
          out.println("stored");
        } catch (InternalError e) {
          out.println(e.getClass().getSimpleName().toLowerCase(Locale.ROOT));
        }
        block.segment().set(ValueLayout.JAVA_LONG, 0, 42);
        out.println(block.segment().get(ValueLayout.JAVA_LONG, 0) == 42 ? "serves" : "is lost");
      }
    }
  }
}
