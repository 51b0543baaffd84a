package holdfast.backend.mmap;

import static holdfast.host.linux.KernelConstants.MADV_POPULATE_READ;
import static holdfast.host.linux.KernelConstants.MADV_POPULATE_WRITE;
import static holdfast.host.linux.KernelConstants.PROT_NONE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.BackingSpaceException;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaBindingException;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.KnownBytes;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/**
 * Makes every system call of a mapping fail in turn, and sees that either a working block comes of
 * it all the same or the right exception, and nothing is left behind.
 */
@Timeout(60)
class MapFaultTest {
  private static final EnumSet<RamFlag> SHARED = EnumSet.of(RamFlag.RAM_SHARED);
  private static final EnumSet<RamFlag> PMEM = EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM);
  private static final EnumSet<RamFlag> PRIVATE = EnumSet.noneOf(RamFlag.class);
  private static final EnumSet<RamFlag> TEMPLATE = EnumSet.of(RamFlag.RAM_READONLY_FD);
  private static final NumaBinding NODE_0 =
      new NumaBinding(NumaPolicy.INTERLEAVE, new TreeSet<>(Set.of(0)));
  private static final EnumSet<RamFlag> READ_ONLY =
      EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_READONLY);

  private static final long PAGE = HostLibc.instance().getpagesize();

  /** So great that a reservation of the kernel's choice is never aligned by chance. */
  private static final Alignment WIDE = new Alignment(1L << 30);

  private record Scenario(
      String name,
      Supplier<Storage> storage,
      MemoryKind kind,
      Found found,
      EnumSet<RamFlag> flags,
      Alignment align,
      boolean prealloc,
      NumaBinding numa) {

    Scenario(
        String name,
        Supplier<Storage> storage,
        Found found,
        EnumSet<RamFlag> flags,
        Alignment align,
        boolean prealloc) {
      this(name, storage, MemoryKind.FILE, found, flags, align, prealloc, NumaBinding.NONE);
    }

    /** Memory that has no file with a name. */
    Scenario(String name, MemoryKind kind, boolean prealloc) {
      this(
          name,
          Storage::disk,
          kind,
          Found.NO_PATH,
          kind.flags(),
          Alignment.PAGE_SIZE,
          prealloc,
          NumaBinding.NONE);
    }

    RamBlockSpec spec(Bench bench) throws IOException {
      Path path = bench.folder.resolve("file");
      switch (found) {
        case EMPTY_FILE -> Files.createFile(path);
        case FULL_FILE -> bench.file("file");
        case NOTHING, FOLDER, NO_PATH -> {}
      }
      Backing backing = found == Found.FOLDER ? new Backing.File(bench.folder) : kind.backing(path);
      return RamBlockSpec.of(new BackendId("nv_be4"), backing, Bench.SIZE, flags)
          .withAlign(align)
          .withNuma(numa)
          .withPrealloc(prealloc ? Preallocation.ALL : Preallocation.NONE);
    }

    MappingStyle style(Bench bench) {
      return flags.contains(RamFlag.RAM_PMEM) ? bench.pmem : Bench.KERNEL;
    }
  }

  private static List<Scenario> scenarios() {
    Supplier<Storage> disk = Storage::disk;
    Supplier<Storage> dax = Storage::simulatedDax;
    Alignment page = Alignment.PAGE_SIZE;
    return List.of(
        new Scenario("a new file on a disk", disk, Found.NOTHING, SHARED, page, false),
        new Scenario("an empty file on a disk", disk, Found.EMPTY_FILE, SHARED, page, true),
        new Scenario("a full file on a disk", disk, Found.FULL_FILE, SHARED, page, true),
        new Scenario("a file aligned to 1 GiB", disk, Found.FULL_FILE, SHARED, WIDE, false),
        new Scenario("a private file", disk, Found.FULL_FILE, PRIVATE, page, true),
        new Scenario("a new private file", disk, Found.NOTHING, PRIVATE, page, false),
        new Scenario("a read-only file", disk, Found.FULL_FILE, READ_ONLY, page, true),
        new Scenario("a new pmem file on a disk", disk, Found.NOTHING, PMEM, page, false),
        new Scenario("a full pmem file on a disk", disk, Found.FULL_FILE, PMEM, page, true),
        new Scenario("a new file on simulated DAX", dax, Found.NOTHING, PMEM, page, true),
        new Scenario("an empty file on simulated DAX", dax, Found.EMPTY_FILE, PMEM, page, false),
        new Scenario("a full file on simulated DAX", dax, Found.FULL_FILE, PMEM, page, false),
        new Scenario("a folder", disk, Found.FOLDER, SHARED, page, false),
        new Scenario("a memfd", MemoryKind.MEMFD, false),
        new Scenario("a template", disk, Found.FULL_FILE, TEMPLATE, page, true),
        new Scenario(
            "bound to a node", disk, MemoryKind.FILE, Found.FULL_FILE, SHARED, page, true, NODE_0),
        new Scenario("anonymous memory", MemoryKind.ANONYMOUS_SHARED, true));
  }

  @TestFactory
  @DisplayName("whichever system call fails, a block works all the same or nothing is left behind")
  Stream<DynamicNode> everyCallFailsInTurn() {
    return scenarios().stream()
        .map(scenario -> dynamicContainer(scenario.name, faultsOf(scenario).stream()));
  }

  private static List<DynamicNode> faultsOf(Scenario scenario) {
    List<DynamicNode> tests = new ArrayList<>();
    List<RecordedCall> calls = callsOf(scenario);
    for (RecordedCall victim : calls) {
      for (int errno : Errnos.of(victim)) {
        for (Harm harm : harmsOf(victim)) {
          tests.add(
              dynamicTest(
                  victim + " " + Errnos.name(errno) + ", harm " + harm,
                  () -> check(scenario, calls, victim, errno, harm)));
        }
      }
    }
    return tests;
  }

  private static List<RecordedCall> callsOf(Scenario scenario) {
    try (Bench bench = new Bench(scenario.storage.get());
        LogCapture quiet = new LogCapture()) {
      RamBlock block = bench.mapper().map(scenario.spec(bench), scenario.style(bench));
      List<RecordedCall> calls = bench.libc.made();
      block.close();
      return calls;
    } catch (IOException | RamBlockException e) {
      throw new AssertionError("the scenario does not work without a fault", e);
    }
  }

  static Set<Harm> harmsOf(RecordedCall victim) {
    return switch (victim.call()) {
      // Linux closes a descriptor whatever it answers, and a munmap that did nothing leaks by
      // nature
      case CLOSE, MUNMAP -> EnumSet.of(Harm.DONE);
      case MMAP, FTRUNCATE -> EnumSet.allOf(Harm.class);
      default -> EnumSet.of(Harm.NONE);
    };
  }

  private static void check(
      Scenario scenario, List<RecordedCall> calls, RecordedCall victim, int errno, Harm harm)
      throws IOException {
    try (Bench bench = new Bench(scenario.storage.get());
        LogCapture quiet = new LogCapture()) {
      RamBlockSpec spec = scenario.spec(bench);
      bench.libc.with(Fault.ofCall(victim.number(), errno).doing(harm));
      Optional<Class<? extends RamBlockException>> expected =
          expected(bench.libc.constants(), scenario, calls, victim, errno);
      try (RamBlock block = bench.mapper().map(spec, scenario.style(bench))) {
        assertEquals(expected, Optional.empty(), "but a block was made");
        checkServes(scenario, block);
      } catch (RamBlockException failure) {
        assertEquals(expected, Optional.of(failure.getClass()), failure::getMessage);
        checkSentence(failure, errno);
        checkUntouched(bench, scenario, failure);
      }
      assertEquals(
          victim.call(), bench.libc.made().get(victim.number() - 1).call(), "another call failed");
    }
  }

  /** The exception that a failure of this call must end in; empty where the mapper must cope. */
  private static Optional<Class<? extends RamBlockException>> expected(
      KernelConstants k,
      Scenario scenario,
      List<RecordedCall> calls,
      RecordedCall victim,
      int errno) {
    return switch (victim.call()) {
      case OPEN -> {
        int flags = (int) victim.arguments().get(1);
        boolean unnamed = (flags & k.openTmpfile()) == k.openTmpfile();
        boolean folder = !unnamed && (flags & k.openDirectory()) != 0;
        yield folder
            ? unless(isFolderOfFound(scenario, k, calls, victim), BackingSpaceException.class)
            : unless(errno == Errno.EINTR, BackingOpenException.class);
      }
      case STATX -> Optional.of(BackingOpenException.class);
      case FSTATFS -> {
        boolean memfd = calls.stream().anyMatch(one -> one.call() == SystemCall.MEMFD_CREATE);
        yield memfd
            ? Optional.of(MappingException.class)
            : unless(errno == Errno.EINTR, BackingOpenException.class);
      }
      case FCNTL ->
          unless(errno != Errno.EAGAIN && errno != Errno.EACCES, BackingLockedException.class);
      case LSEEK -> {
        boolean looksAtTheSize =
            calls.stream().filter(one -> one.call() == victim.call()).findFirst().get() == victim;
        yield Optional.of(
            looksAtTheSize ? BackingOpenException.class : BackingSpaceException.class);
      }
      case FTRUNCATE -> Optional.of(BackingSpaceException.class);
      case FSYNC ->
          isFolder(k, calls, victim)
              ? unless(scenario.found != Found.NOTHING, BackingSpaceException.class)
              : Optional.of(PersistException.class);
      case FALLOCATE ->
          unless(
              Set.of(Errno.EINTR, Errno.EOPNOTSUPP, Errno.ENOSYS).contains(errno),
              BackingSpaceException.class);
      case MMAP -> {
        boolean attemptsSync = (victim.mapFlags() & k.mapSync()) != 0;
        yield unless(attemptsSync, MappingException.class);
      }
      case MUNMAP -> {
        boolean scratch = !lastMmapBefore(calls, victim).arguments().get(2).equals(PROT_NONE);
        yield unless(scratch, MappingException.class);
      }
      case MADVISE -> {
        boolean populates =
            victim.advice() == MADV_POPULATE_WRITE || victim.advice() == MADV_POPULATE_READ;
        // asked with one page; of more the kernel can't say that it doesn't know the question
        boolean asked = victim.arguments().get(1).equals(PAGE);
        boolean unknown = asked && (errno == Errno.EINVAL || errno == Errno.ENOSYS);
        yield unless(!populates || unknown, PreallocationException.class);
      }
      case CLOSE -> Optional.empty();
      case MBIND -> Optional.of(NumaBindingException.class);
      case MEMFD_CREATE -> Optional.of(MappingException.class);
      case FCNTL_ADD_SEALS -> Optional.of(BackingSpaceException.class);
      case MSYNC, SYNC_FILE_RANGE, UNLINK, MREMAP, FCNTL_GETLK, FCNTL_DUPFD_CLOEXEC ->
          throw new AssertionError("no part of making a block: " + victim);
      case USERFAULTFD,
          IOCTL_USERFAULTFD_NEW,
          IOCTL_UFFDIO_API,
          IOCTL_UFFDIO_REGISTER,
          IOCTL_UFFDIO_WRITEPROTECT,
          IOCTL_PAGEMAP_SCAN ->
          throw new AssertionError(victim + " has nothing to do with mapping");
    };
  }

  /** Whether the call syncs the folder of a file that was there before, which is only a wish. */
  private static boolean isFolderOfFound(
      Scenario scenario, KernelConstants k, List<RecordedCall> calls, RecordedCall victim) {
    return scenario.found != Found.NOTHING && isFolder(k, calls, victim);
  }

  private static boolean isFolder(
      KernelConstants k, List<RecordedCall> calls, RecordedCall victim) {
    RecordedCall opened =
        victim.call() == SystemCall.OPEN ? victim : calls.get(victim.number() - 2); // as it is used
    return opened.call() == SystemCall.OPEN
        && ((int) opened.arguments().get(1) & k.openDirectory()) != 0;
  }

  private static RecordedCall lastMmapBefore(List<RecordedCall> calls, RecordedCall victim) {
    return calls.stream()
        .filter(one -> one.call() == SystemCall.MMAP && one.number() < victim.number())
        .reduce((earlier, later) -> later)
        .orElseThrow();
  }

  private static Optional<Class<? extends RamBlockException>> unless(
      boolean copes, Class<? extends RamBlockException> otherwise) {
    return copes ? Optional.empty() : Optional.of(otherwise);
  }

  private static void checkServes(Scenario scenario, RamBlock block) throws RamBlockException {
    MemorySegment segment = block.segment();
    HostMapping seen = HostMapping.at(segment.address()).orElseThrow();
    assertEquals(segment.address() + segment.byteSize(), seen.range().to());
    assertEquals(block.obtained().contains(RamFlag.RAM_SYNC), seen.vmFlags().contains("sf"), "sf");
    byte[] expected =
        scenario.found == Found.FULL_FILE
            ? Bench.content(Bench.SIZE)
            : new byte[(int) Bench.SIZE.bytes()];
    assertArrayEquals(expected, KnownBytes.in(segment));
    if (!scenario.flags.contains(RamFlag.RAM_READONLY)) {
      segment.set(ValueLayout.JAVA_LONG, 4096, 42);
      assertEquals(42, segment.get(ValueLayout.JAVA_LONG, 4096));
    }
    block.persist(0, segment.byteSize());
  }

  private static void checkSentence(RamBlockException failure, int errno) {
    Sentences.assertNames(failure, "nv_be4");
    Sentences.assertNames(failure, failure.spec().backing().toString());
    if (!(failure instanceof BackingLockedException)) {
      Sentences.assertNames(failure, Errnos.name(errno));
    }
  }

  private static void checkUntouched(Bench bench, Scenario scenario, RamBlockException failure)
      throws IOException {
    Path path = bench.folder.resolve("file");
    assertEquals(List.of(), bench.leaks().leaks());
    switch (scenario.found) {
      case NOTHING ->
          // whoever holds the lock has taken over the file, and keeps it
          assertEquals(failure instanceof BackingLockedException, Files.exists(path));
      case EMPTY_FILE -> assertEquals(0, Files.size(path));
      case FULL_FILE -> assertArrayEquals(Bench.content(Bench.SIZE), Files.readAllBytes(path));
      case FOLDER, NO_PATH -> assertTrue(Files.notExists(path));
    }
  }
}
