package holdfast.backend.dax.internal;

import holdfast.host.testkit.Storage;
import org.junit.jupiter.api.DisplayName;

@DisplayName("the DAX allocator keeps the contract, with files on a DAX file system")
class DaxAllocatorOnDaxTest extends DaxAllocatorContract {

  @Override
  protected Storage storage() {
    return Storage.dax();
  }
}
