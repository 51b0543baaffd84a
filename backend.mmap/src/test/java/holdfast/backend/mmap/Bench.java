package holdfast.backend.mmap;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.KnownBytes;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A mapper on some storage, with a folder of its own and a libc that obeys; closing it checks that
 * nothing is left behind.
 */
final class Bench implements AutoCloseable {
  /** The size of most blocks. */
  static final ByteSize SIZE = ByteSize.kib(256);

  /** The style of the file allocator. */
  static final MappingStyle KERNEL = MappingStyle.kernel("file");

  final Storage storage;
  final FaultyLibc libc;
  final Path folder;
  final FlushOracle oracle = new FlushOracle();

  /** The style of the DAX allocator. */
  final MappingStyle pmem = MappingStyle.pmem("dax", oracle);

  private final LeakCheck leaks;

  Bench(Storage storage) throws IOException {
    this.storage = storage;
    this.libc = storage.libc().withOracle(oracle);
    this.folder = storage.newFolder();
    this.leaks = LeakCheck.start(libc, folder);
  }

  RamMapper mapper() {
    return mapper(Path.of("/sys"));
  }

  RamMapper mapper(Path sysfs) {
    return new RamMapper(libc, sysfs);
  }

  LeakCheck leaks() {
    return leaks;
  }

  /** A file of the usual size with the usual content. */
  Path file(String name) throws IOException {
    return Files.write(folder.resolve(name), content(SIZE));
  }

  /** The first {@code size} bytes of the usual content. */
  static byte[] content(ByteSize size) {
    return KnownBytes.first(size.bytes());
  }

  /** A block of the usual size on {@code path}. */
  static RamBlockSpec spec(Path path, RamFlag... flags) {
    return RamBlockSpec.of(
        new BackendId("nv_be4"), new Backing.File(path), SIZE, Arrays.asList(flags));
  }

  /** The block of the MAP_SYNC series: shared, on persistent memory. */
  static RamBlockSpec pmemSpec(Path path) {
    return spec(path, RamFlag.RAM_SHARED, RamFlag.RAM_PMEM);
  }

  /** The block of the series on a new file, mapped as the DAX allocator does with this flush. */
  RamBlock mapFlushedBy(CacheFlush flush) throws IOException, RamBlockException {
    return mapper().map(pmemSpec(file("file")), MappingStyle.pmem("dax", flush));
  }

  @Override
  public void close() throws IOException {
    libc.heal();
    try {
      leaks.close();
    } finally {
      Storage.remove(folder);
    }
  }
}
