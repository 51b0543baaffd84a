package holdfast.host.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A sysfs tree as a test wants it, with the attributes that tell a DAX device from others. */
public final class FakeSysfs {
  private final Path root;

  /** An empty tree in {@code root}, which exists. */
  public FakeSysfs(Path root) {
    this.root = root;
  }

  /** Where it is mounted, so to say. */
  public Path root() {
    return root;
  }

  /**
   * A DAX device of {@code size} bytes whose mappings must be aligned to {@code align} bytes.
   *
   * @return the folder with its attributes
   */
  public Path addDaxDevice(int major, int minor, long size, long align) throws IOException {
    Path device = addDevice(major, minor, "dax");
    Files.writeString(device.resolve("size"), size + "\n");
    Files.writeString(device.resolve("align"), align + "\n");
    return device;
  }

  /**
   * A character device of some subsystem, without attributes.
   *
   * @return the folder for its attributes
   */
  public Path addDevice(int major, int minor, String subsystem) throws IOException {
    Path device = Files.createDirectories(root.resolve("dev/char/" + major + ":" + minor));
    Path bus = Files.createDirectories(root.resolve("bus/" + subsystem));
    Files.createSymbolicLink(device.resolve("subsystem"), bus);
    return device;
  }
}
