package holdfast.backend.file.internal;

import holdfast.host.testkit.Storage;
import org.junit.jupiter.api.DisplayName;

@DisplayName("the file allocator keeps the contract, with files on tmpfs")
class FileAllocatorOnTmpfsTest extends FileAllocatorContract {

  @Override
  protected Storage storage() {
    return Storage.tmpfs();
  }
}
