package holdfast.backend.testkit;

import static holdfast.host.testkit.Sentences.assertNames;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.KnownBytes;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/**
 * One allocator on one kind of storage, with its own folder, and the rules that determine what a
 * block must get there.
 */
public final class AllocatorFixture {
  /** The size of most blocks in the contract. */
  public static final ByteSize SIZE = ByteSize.kib(256);

  private static final Path SYSFS = Path.of("/sys");

  private final Storage storage;
  private final FaultyLibc libc;
  private final FlushOracle oracle = new FlushOracle();
  private final boolean attemptsSync;
  private final RamBlockAllocator allocator;
  private final Path folder;
  private final LeakCheck leaks;

  AllocatorFixture(RamBlockAllocatorContract contract) throws IOException {
    storage = contract.storage();
    libc = storage.libc().withOracle(oracle);
    attemptsSync = contract.attemptsSync();
    allocator = contract.newAllocator(libc, SYSFS, oracle);
    folder = storage.newFolder();
    leaks = LeakCheck.start(libc, folder);
  }

  void close() throws IOException {
    libc.heal();
    try {
      leaks.close();
    } finally {
      Storage.remove(folder);
    }
  }

  /** Returns where the files are. */
  public Storage storage() {
    return storage;
  }

  /** Returns the libc that the allocator uses. */
  public FaultyLibc libc() {
    return libc;
  }

  /**
   * Returns the CPU caches that the allocator flushes; the libc's msync(2) is reported to them too.
   */
  public FlushOracle oracle() {
    return oracle;
  }

  /** Returns the allocator. */
  public RamBlockAllocator allocator() {
    return allocator;
  }

  /** Returns the folder, empty before each test and removed after it. */
  public Path folder() {
    return folder;
  }

  /** Returns the check of what the test has left behind so far. */
  public LeakCheck leaks() {
    return leaks;
  }

  /** Returns the mapper that other allocators of the same host would use. */
  public RamMapper mapper() {
    return new RamMapper(libc, SYSFS);
  }

  /**
   * Returns the style of another allocator: one that attempts MAP_SYNC if {@code sync}, else one
   * that maps plainly.
   */
  public static MappingStyle otherStyle(boolean sync) {
    return sync
        ? MappingStyle.pmem("other-dax", new FlushOracle())
        : MappingStyle.kernel("other-file");
  }

  /** Makes a file of {@code size} bytes with the content of {@link #contentAt}. */
  public Path file(String name, ByteSize size) throws IOException {
    return Files.write(folder.resolve(name), content(size));
  }

  /** Makes a file of the usual size with the usual content. */
  public Path file(String name) throws IOException {
    return file(name, SIZE);
  }

  /** Returns the first {@code size} bytes of the usual content. */
  public static byte[] content(ByteSize size) {
    return KnownBytes.first(size.bytes());
  }

  /** Returns the byte at {@code offset} in the usual content. */
  public static byte contentAt(long offset) {
    return KnownBytes.at(offset);
  }

  /** Returns all bytes of a block. */
  public static byte[] bytesOf(MemorySegment segment) {
    return KnownBytes.in(segment);
  }

  /** Returns a request for a block of the usual size on {@code path}. */
  public RamBlockSpec spec(Path path, RamFlag... flags) {
    return spec(new Backing.File(path), flags);
  }

  /**
   * Returns a request for a block of the usual size. RAM_PMEM is added if the allocator accepts
   * nothing else.
   */
  public RamBlockSpec spec(Backing backing, RamFlag... flags) {
    EnumSet<RamFlag> set = EnumSet.noneOf(RamFlag.class);
    set.addAll(Arrays.asList(flags));
    RamBlockSpec spec = RamBlockSpec.of(new BackendId("mem0"), backing, SIZE, set);
    if (allocator.accepts(spec) || backing instanceof Backing.Anonymous) {
      return spec;
    }
    set.add(RamFlag.RAM_PMEM);
    return RamBlockSpec.of(spec.id(), backing, SIZE, set);
  }

  /** Returns the same request with another size. */
  public static RamBlockSpec withSize(RamBlockSpec spec, ByteSize size) {
    return spec.withSize(size);
  }

  /** Returns whether this allocator gets RAM_SYNC for such a block here. */
  public boolean expectsSync(RamBlockSpec spec) {
    return attemptsSync && storage.grantsSync() && spec.wantsSync();
  }

  /** Returns the flags that this allocator must obtain for such a block here. */
  public EnumSet<RamFlag> expectedFlags(RamBlockSpec spec) {
    EnumSet<RamFlag> flags = spec.flags();
    if (!attemptsSync) {
      flags.remove(RamFlag.RAM_PMEM);
    }
    if (expectsSync(spec)) {
      flags.add(RamFlag.RAM_SYNC);
    }
    return flags;
  }

  /** Returns the granularity that this allocator must obtain for such a block here. */
  public Granularity expectedGranularity(RamBlockSpec spec) {
    if (storage.isVolatile()
        || spec.backing() instanceof Backing.Anonymous
        || spec.has(RamFlag.RAM_READONLY)
        || !spec.has(RamFlag.RAM_SHARED)) {
      return Granularity.NONE;
    }
    return expectsSync(spec) ? Granularity.CACHE_LINE : Granularity.PAGE;
  }

  /** Returns whether the policy allows such a block here. */
  public boolean isAllowed(RamBlockSpec spec) {
    return spec.policy() != DurabilityPolicy.REQUIRE
        || expectedGranularity(spec).compareTo(Granularity.CACHE_LINE) >= 0;
  }

  /**
   * Asserts that a block is refused: with the exception type of its cause, in a sentence that names
   * the memory backend and its file, and with nothing left behind except the files that were there.
   *
   * @return the refusal
   */
  public <E extends RamBlockException> E assertRefused(Class<E> type, RamBlockSpec spec) {
    E refusal = assertThrows(type, () -> allocator.allocate(spec).close());
    assertAll(
        () -> assertEquals(spec, refusal.spec()),
        () -> assertNames(refusal, spec.id().toString()),
        () -> assertNames(refusal, spec.backing().toString()),
        () -> assertEquals(List.of(), leaks.leaks()));
    return refusal;
  }
}
