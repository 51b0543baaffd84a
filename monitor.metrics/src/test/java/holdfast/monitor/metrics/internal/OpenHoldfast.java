package holdfast.monitor.metrics.internal;

import holdfast.host.testkit.Storage;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.core.Holdfast;
import java.io.IOException;
import java.nio.file.Path;

/** A machine of a library with a file on a disk, {@code m0} of 4 MiB, and an nvdimm on it. */
public final class OpenHoldfast implements AutoCloseable {
  /** The size of m0. */
  public static final long SIZE = 4 << 20;

  private final Path folder;
  private final Holdfast machine;
  private final Readings readings;

  public OpenHoldfast() throws Exception {
    folder = Storage.disk().newFolder();
    machine =
        Holdfast.open(
            "-machine",
            "pc,nvdimm=on",
            "-m",
            "1M,slots=2,maxmem=1G",
            "-object",
            "memory-backend-file,id=m0,size=4M,share=on,mem-path=" + file(),
            "-device",
            "nvdimm,id=nv0,memdev=m0");
    readings = new Readings(machine.admin());
  }

  /** The file of m0. */
  public Path file() {
    return folder.resolve("F");
  }

  /** A file that isn't there. */
  public Path other() {
    return folder.resolve("G");
  }

  public Holdfast machine() {
    return machine;
  }

  public MachineAdmin admin() {
    return machine.admin();
  }

  public Readings readings() {
    return readings;
  }

  @Override
  public void close() throws IOException {
    readings.deactivate();
    machine.close();
    Storage.remove(folder);
  }
}
