package holdfast.backend.dax.internal;

import holdfast.host.testkit.Storage;
import org.junit.jupiter.api.DisplayName;

@DisplayName("the DAX allocator keeps the contract, with files on a disk, which has no DAX")
class DaxAllocatorOnDiskTest extends DaxAllocatorContract {

  @Override
  protected Storage storage() {
    return Storage.disk();
  }
}
