package holdfast.backend.dax.internal;

import holdfast.host.testkit.Storage;
import org.junit.jupiter.api.DisplayName;

@DisplayName("the DAX allocator keeps the contract, with files on simulated DAX")
class DaxAllocatorOnSimulatedDaxTest extends DaxAllocatorContract {

  @Override
  protected Storage storage() {
    return Storage.simulatedDax();
  }
}
