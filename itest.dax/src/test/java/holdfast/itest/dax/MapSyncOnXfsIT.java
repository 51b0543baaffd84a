package holdfast.itest.dax;

import org.junit.jupiter.api.DisplayName;

@DisplayName("MAP_SYNC on xfs mounted with DAX")
class MapSyncOnXfsIT extends MapSyncContract {

  @Override
  DaxFileSystem fileSystem() {
    return DaxFileSystem.XFS;
  }
}
