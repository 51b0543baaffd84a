package holdfast.backend.file.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the file allocator adds to the contract: what it takes, and its configuration. */
class FileRamBlockAllocatorTest {

  @Test
  @DisplayName("it takes every block, without a look at files")
  void whatItTakes() {
    FileRamBlockAllocator allocator = new FileRamBlockAllocator(new RamMapper());
    Backing nowhere = new Backing.File(Path.of("/nowhere/at/all"));
    BackendId id = new BackendId("mem0");
    for (List<RamFlag> flags :
        List.of(
            List.<RamFlag>of(),
            List.of(RamFlag.RAM_SHARED),
            List.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM),
            List.of(RamFlag.RAM_READONLY))) {
      assertTrue(allocator.accepts(RamBlockSpec.of(id, nowhere, ByteSize.kib(4), flags)));
    }
    assertTrue(
        allocator.accepts(
            RamBlockSpec.of(id, new Backing.Anonymous(), ByteSize.kib(4), List.of())));
    assertEquals("file", allocator.kind());
  }

  @Test
  @DisplayName("unless told otherwise it stands at rank 0, below the DAX allocator")
  void defaults() throws NoSuchMethodException {
    assertEquals(
        0, FileRamBlockAllocator.Config.class.getMethod("service_ranking").getDefaultValue());
  }
}
