package holdfast.itest.dax;

import java.util.List;
import org.junit.jupiter.api.DisplayName;

@DisplayName("MAP_SYNC on xfs mounted with DAX")
class MapSyncOnXfsIT extends MapSyncContract {

  @Override
  DaxFileSystem fileSystem() {
    return DaxFileSystem.XFS;
  }

  @Override
  List<Long> killPoints() {
    return List.of(300L);
  }
}
