package holdfast.backend.mmap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.HostLibc;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.KnownBytes;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/**
 * Kills a process (SIGKILL) before each system call with which it makes blocks, and once after all
 * of them, and sees that the next start finds all as it must be. On a disk, and on simulated DAX.
 *
 * <p>One process makes the blocks of all scenarios, each in a thread of its own that stops before
 * its nth call, so that one kill hits all of them there.
 */
@Timeout(120)
class KillTest {
  private static final ByteSize SIZE = Bench.SIZE;
  private static final String NAME = "file";
  private static final Path SYSFS = Path.of("/sys");

  /** What the guest stores first when its block is there. */
  private static final long MARK = 0x5A17_0000_0000_7A15L;

  @SuppressWarnings("ImmutableEnumChecker") // nobody changes what they are made with
  private enum Scenario {
    NEW_FILE(Storage::disk, Found.NOTHING, RamFlag.RAM_SHARED),
    EMPTY_FILE(Storage::disk, Found.EMPTY_FILE, RamFlag.RAM_SHARED),
    FULL_FILE(Storage::disk, Found.FULL_FILE, RamFlag.RAM_SHARED),
    NEW_PRIVATE_FILE(Storage::disk, Found.NOTHING),
    NEW_FILE_NOT_RESERVED(Storage::disk, Found.NOTHING, RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE),
    NEW_FILE_PREALLOCATED(Storage::disk, Found.NOTHING, RamFlag.RAM_SHARED) {
      @Override
      RamBlockSpec spec(Path folder) {
        return super.spec(folder).withPrealloc(Preallocation.ALL);
      }
    },
    FULL_FILE_TO_BE_DISCARDED(Storage::disk, Found.FULL_FILE, RamFlag.RAM_SHARED) {
      @Override
      RamBlockSpec spec(Path folder) {
        return super.spec(folder).withAdvice(new MemoryAdvice(true, true, true));
      }
    },
    NEW_FILE_BEHIND_AN_OFFSET(Storage::disk, Found.NOTHING, RamFlag.RAM_SHARED) {
      @Override
      ByteSize offset() {
        return SIZE;
      }
    },
    FULL_FILE_BEHIND_AN_OFFSET(Storage::disk, Found.FULL_FILE, RamFlag.RAM_SHARED) {
      @Override
      ByteSize offset() {
        return SIZE;
      }
    },
    FOLDER(Storage::disk, Found.FOLDER, RamFlag.RAM_SHARED),
    FOLDER_WITHOUT_TMPFILE(Storage::disk, Found.FOLDER, RamFlag.RAM_SHARED) {
      @Override
      FaultyLibc libc() {
        return super.libc().with(new Fault(KillTest::isTmpfile, Errno.EOPNOTSUPP, Fault.Harm.NONE));
      }
    },
    NEW_PMEM_FILE(Storage::simulatedDax, Found.NOTHING, RamFlag.RAM_SHARED, RamFlag.RAM_PMEM),
    FULL_PMEM_FILE(Storage::simulatedDax, Found.FULL_FILE, RamFlag.RAM_SHARED, RamFlag.RAM_PMEM);

    private final Supplier<Storage> storage;
    private final Found found;
    private final EnumSet<RamFlag> flags;

    Scenario(Supplier<Storage> storage, Found found, RamFlag... flags) {
      this.storage = storage;
      this.found = found;
      this.flags = EnumSet.noneOf(RamFlag.class);
      this.flags.addAll(Arrays.asList(flags));
    }

    ByteSize offset() {
      return ByteSize.ZERO;
    }

    RamBlockSpec spec(Path folder) {
      Path path = found == Found.FOLDER ? folder : folder.resolve(NAME);
      return RamBlockSpec.of(
          new BackendId("nv_be4"), new Backing.File(path, offset(), false), SIZE, flags);
    }

    FaultyLibc libc() {
      return storage.get().libc();
    }

    RamBlock start(FaultyLibc libc, Path folder) throws RamBlockException {
      MappingStyle style =
          flags.contains(RamFlag.RAM_PMEM)
              ? MappingStyle.pmem("dax", new FlushOracle())
              : Bench.KERNEL;
      return new RamMapper(libc, SYSFS).map(spec(folder), style);
    }

    /** The whole file as it is before; more of it than the block takes, if it is full. */
    byte[] contentBefore() {
      return found == Found.FULL_FILE
          ? Bench.content(new ByteSize(3 * SIZE.bytes()))
          : new byte[(int) (offset().bytes() + SIZE.bytes())];
    }

    boolean storesReachAFile() {
      return found != Found.FOLDER && flags.contains(RamFlag.RAM_SHARED);
    }

    void prepare(Path folder) throws IOException {
      switch (found) {
        case EMPTY_FILE -> Files.createFile(folder.resolve(NAME));
        case FULL_FILE -> Files.write(folder.resolve(NAME), contentBefore());
        case NOTHING, FOLDER, NO_PATH -> {}
      }
    }
  }

  private static boolean isTmpfile(RecordedCall made) {
    int tmpfile = HostLibc.instance().constants().openTmpfile();
    return made.call() == SystemCall.OPEN && ((int) made.arguments().get(1) & tmpfile) == tmpfile;
  }

  /** The process that is killed. */
  static final class Victim {
    private static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);

    private Victim() {}

    /** Stops before which call; then name and folder of each scenario. */
    public static void main(String[] arguments) {
      int call = Integer.parseInt(arguments[0]);
      for (int at = 1; at < arguments.length; at += 2) {
        Scenario scenario = Scenario.valueOf(arguments[at]);
        Path folder = Path.of(arguments[at + 1]);
        Thread.ofPlatform().start(() -> run(scenario, folder, call));
      }
    }

    private static void run(Scenario scenario, Path folder, int call) {
      FaultyLibc libc = scenario.libc();
      libc.with(new Fault(made -> stopsAt(scenario, call, made), 0, Fault.Harm.NONE));
      try {
        RamBlock block = scenario.start(libc, folder);
        block.segment().set(ValueLayout.JAVA_LONG, 0, MARK);
        OUT.println(new Said(scenario, "", true));
        ChildJvm.stayUntilKilled();
      } catch (RamBlockException | RuntimeException e) {
        OUT.println(new Said(scenario, e.toString(), false));
      }
    }

    private static boolean stopsAt(Scenario scenario, int call, RecordedCall made) {
      if (made.number() == call) {
        OUT.println(new Said(scenario, made.toString(), false));
        ChildJvm.stayUntilKilled();
      }
      return false;
    }
  }

  /**
   * A line that the victim writes.
   *
   * @param call before which it stopped
   * @param mapped whether the block was there and the guest had stored into it
   */
  private record Said(Scenario scenario, String call, boolean mapped) {
    private static final String MAPPED = "mapped";

    static Said parse(String line) {
      String[] words = line.split(" ", 2);
      boolean mapped = words[1].equals(MAPPED);
      return new Said(Scenario.valueOf(words[0]), mapped ? "" : words[1], mapped);
    }

    @Override
    public String toString() {
      return scenario.name() + " " + (mapped ? MAPPED : call);
    }
  }

  @TestFactory
  @DisplayName("whenever the process is killed, the next start finds all as it must be")
  Stream<DynamicTest> killedBeforeEachCall() throws IOException, RamBlockException {
    int most = 0;
    for (Scenario scenario : Scenario.values()) {
      most = Math.max(most, callsOf(scenario));
    }
    return IntStream.rangeClosed(1, most + 1)
        .mapToObj(call -> dynamicTest("killed before call " + call, () -> checkKill(call)));
  }

  private static int callsOf(Scenario scenario) throws IOException, RamBlockException {
    Path folder = scenario.storage.get().newFolder();
    try (LogCapture quiet = new LogCapture()) {
      scenario.prepare(folder);
      FaultyLibc libc = scenario.libc();
      RamBlock block = scenario.start(libc, folder);
      int calls = libc.made().size();
      block.close();
      return calls;
    } finally {
      Storage.remove(folder);
    }
  }

  private static void checkKill(int call) throws IOException, InterruptedException {
    Map<Scenario, Path> folders = new EnumMap<>(Scenario.class);
    try (LogCapture quiet = new LogCapture()) {
      List<String> arguments = new ArrayList<>(List.of("" + call));
      for (Scenario scenario : Scenario.values()) {
        Path folder = scenario.storage.get().newFolder();
        folders.put(scenario, folder);
        scenario.prepare(folder);
        arguments.addAll(List.of(scenario.name(), folder.toString()));
      }
      List<Said> said = new ArrayList<>();
      try (ChildJvm victim = new ChildJvm(Victim.class, arguments)) {
        while (said.size() < folders.size()) {
          said.add(Said.parse(victim.says()));
        }
        victim.kill();
      }
      assertAll(said.stream().map(one -> check(one, folders.get(one.scenario))));
    } finally {
      for (Path folder : folders.values()) {
        Storage.remove(folder);
      }
    }
  }

  private static Executable check(Said said, Path folder) {
    return () -> {
      try {
        Set<String> left = checkLeft(said, folder);
        checkNextStart(said, folder, left);
      } catch (AssertionError | RamBlockException e) {
        throw new AssertionError("killed at: " + said, e);
      }
    };
  }

  /** What the dead process has left in the folder. */
  private static Set<String> checkLeft(Said said, Path folder) throws IOException {
    Set<String> names = names(folder);
    switch (said.scenario.found) {
      case NOTHING ->
          assertTrue(
              names.equals(Set.of(NAME)) || (names.isEmpty() && !said.mapped), names::toString);
      case EMPTY_FILE -> assertEquals(Set.of(NAME), names);
      case FULL_FILE -> {
        assertEquals(Set.of(NAME), names);
        assertArrayEquals(contentAfter(said), Files.readAllBytes(folder.resolve(NAME)));
      }
      case FOLDER -> {
        // where a file can't be made without a name, it has one until the next call
        boolean named = said.call.contains("unlink");
        assertEquals(named ? 1 : 0, names.size(), names::toString);
      }
      case NO_PATH -> assertEquals(Set.of(), names);
    }
    for (String name : names) {
      assertFalse(LeakCheck.isLocked(folder.resolve(name)), "still locked: " + name);
    }
    return names;
  }

  /** The whole file, as it is after the kill. */
  private static byte[] contentAfter(Said said) {
    byte[] content = said.scenario.contentBefore();
    if (said.mapped && said.scenario.storesReachAFile()) {
      ByteBuffer.wrap(content)
          .order(ByteOrder.nativeOrder())
          .putLong((int) said.scenario.offset().bytes(), MARK);
    }
    return content;
  }

  private static void checkNextStart(Said said, Path folder, Set<String> left)
      throws IOException, RamBlockException {
    Scenario scenario = said.scenario;
    FaultyLibc libc = scenario.libc();
    try (LeakCheck leaks = LeakCheck.start(libc, folder);
        RamBlock block = scenario.start(libc, folder)) {
      byte[] expected = contentAfter(said);
      int offset = (int) scenario.offset().bytes();
      assertArrayEquals(
          Arrays.copyOfRange(expected, offset, offset + (int) SIZE.bytes()),
          KnownBytes.in(block.segment()));
      if (scenario.found == Found.FOLDER) {
        assertEquals(left, names(folder));
      } else {
        assertEquals(Set.of(NAME), names(folder));
        assertArrayEquals(expected, Files.readAllBytes(folder.resolve(NAME)));
        assertTrue(LeakCheck.isLocked(folder.resolve(NAME)));
      }
      if (scenario.storesReachAFile()) {
        checkMadeDurable(libc, folder);
      }
    }
  }

  /** The dead process may have created the file, and not have come to make its name durable. */
  private static void checkMadeDurable(FaultyLibc libc, Path folder) {
    List<RecordedCall> made = libc.made();
    int openedFolder =
        IntStream.range(0, made.size())
            .filter(
                at ->
                    made.get(at).call() == SystemCall.OPEN
                        && made.get(at).arguments().getFirst().equals(folder))
            .findFirst()
            .orElseThrow(() -> new AssertionError("the folder is not synced: " + made));
    assertEquals(SystemCall.FSYNC, made.get(openedFolder + 1).call());
    assertEquals(2, libc.made(SystemCall.FSYNC).size(), "the file's and the folder's");
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      Set<String> names = new TreeSet<>();
      entries.forEach(entry -> names.add(entry.getFileName().toString()));
      return names;
    }
  }
}
