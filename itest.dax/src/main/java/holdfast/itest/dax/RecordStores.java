package holdfast.itest.dax;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import java.lang.foreign.MemorySegment;

/** Who stores the records. */
@FunctionalInterface
interface RecordStores extends AutoCloseable {
  /** Stores a record; it is not yet persisted. */
  void store(GuestAddress address, MemorySegment record) throws Exception;

  @Override
  default void close() {}

  /** By an access of {@link GuestMemory}. */
  static RecordStores byAccess(GuestMemory memory) {
    return memory::write;
  }
}
