package holdfast.itest.dax;

import java.util.List;
import org.junit.jupiter.api.DisplayName;

@DisplayName("MAP_SYNC on ext4 mounted with DAX")
class MapSyncOnExt4IT extends MapSyncContract {

  @Override
  DaxFileSystem fileSystem() {
    return DaxFileSystem.EXT4;
  }

  @Override
  List<Long> killPoints() {
    return List.of(1L, 300L);
  }
}
