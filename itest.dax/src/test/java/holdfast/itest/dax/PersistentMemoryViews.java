package holdfast.itest.dax;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import jdk.nio.mapmode.ExtendedMapMode;

/** What others think of a file: libpmem, and the JDK's own mapping of persistent memory. */
final class PersistentMemoryViews {
  private PersistentMemoryViews() {}

  /**
   * Prints for each file a line {@code FILE LIBPMEM JDK}, each true if that takes it for persistent
   * memory. The JDK maps only files, and is not asked of a device.
   */
  public static void main(String[] files) throws Throwable {
    for (String file : files) {
      System.out.println(file + " " + libpmem(Path.of(file)) + " " + jdk(Path.of(file)));
    }
  }

  /** pmem_map_file(3) sets is_pmem only where it obtained MAP_SYNC, or on a DAX device. */
  private static boolean libpmem(Path file) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup library = SymbolLookup.libraryLookup("libpmem.so.1", arena);
      Linker linker = Linker.nativeLinker();
      MemorySegment mappedLength = arena.allocate(JAVA_LONG);
      MemorySegment isPmem = arena.allocate(JAVA_INT);
      MemorySegment mapped =
          (MemorySegment)
              linker
                  .downcallHandle(
                      library.findOrThrow("pmem_map_file"),
                      FunctionDescriptor.of(
                          ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS))
                  .invokeExact(arena.allocateFrom(file.toString()), 0L, 0, 0, mappedLength, isPmem);
      if (mapped.address() == 0) {
        throw new IOException("pmem_map_file refused " + file);
      }
      int unmapped =
          (int)
              linker
                  .downcallHandle(
                      library.findOrThrow("pmem_unmap"),
                      FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG))
                  .invokeExact(mapped, mappedLength.get(JAVA_LONG, 0));
      return unmapped == 0 && isPmem.get(JAVA_INT, 0) == 1;
    }
  }

  private static String jdk(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return "-";
    }
    try (Arena arena = Arena.ofConfined();
        FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      channel.map(ExtendedMapMode.READ_WRITE_SYNC, 0, channel.size(), arena);
      return "true";
    } catch (IOException refused) {
      return "false";
    }
  }
}
