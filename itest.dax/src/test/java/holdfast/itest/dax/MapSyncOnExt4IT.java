package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

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

  @Test
  @DisplayName("case 1a, stores by a CPU that Unicorn emulates: each persisted record survives")
  void persistedStoresOfACpuSurvive() throws IOException, InterruptedException {
    Guest guest = newFiles();
    String onUnicorn = "-D" + GuestWriter.UNICORN + "=yes ";
    WriterVm machine = WriterVm.start(guest, 1, "writer.jar", onUnicorn, everyKindOfFile());
    List<String> cpu = machine.awaitAnyOf("cpu", "no-cpu");
    if (cpu.getFirst().equals("no-cpu")) {
      if ("required".equals(System.getProperty("holdfast.test.unicorn"))) {
        fail(cpu.getLast());
      }
      abort(cpu.getLast());
    }

    checkCut(List.of(machine), () -> machine.awaitRecord(40));
  }
}
