package holdfast.monitor.health.internal;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.ObjectStatus;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Whether there is room for what a guest may still store into files without space of their own
 * ({@code reserve=off}): a warning while the file system has less than a twentieth free, critical
 * when nothing is. The first store that finds no room fails the region.
 */
@Component(property = {"hc.name=Holdfast disk space", "hc.tags=holdfast", "hc.tags=storage"})
public final class SpaceHealth implements HealthCheck {
  private static final int PART = 20;

  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public SpaceHealth(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  @Override
  public Result execute() {
    return Objects.checked(
        admin, "no file without space of its own is on a nearly full file system", this::look);
  }

  private void look(ObjectStatus object, FormattingResultLog log) {
    if ("off".equals(object.properties().get("reserve"))) {
      object.path().filter(Files::isRegularFile).ifPresent(path -> look(object, path, log));
    }
  }

  private static void look(ObjectStatus object, Path path, FormattingResultLog log) {
    String name = Objects.name(object);
    try {
      FileStore store = Files.getFileStore(path);
      long free = store.getUsableSpace();
      long total = store.getTotalSpace();
      String sentence =
          name
              + " has reserve=off, and its file system has "
              + new ByteSize(free)
              + " of "
              + new ByteSize(total)
              + " free: make room, or swap it to another file system before a store fails it";
      if (free == 0) {
        log.critical("{}", sentence);
      } else if (free < total / PART) {
        log.warn("{}", sentence);
      }
    } catch (IOException e) {
      log.warn("{}: its file system can't be asked for its free space: {}", name, e.getMessage());
    }
  }
}
