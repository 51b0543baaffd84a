package holdfast.host.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A sysfs tree for tests, with the attributes that distinguish a DAX device from others. */
public final class FakeSysfs {
  private final Path root;

  /** Creates an empty tree in {@code root}, which exists. */
  public FakeSysfs(Path root) {
    this.root = root;
  }

  /** Returns the folder that stands for the mount point. */
  public Path root() {
    return root;
  }

  /**
   * Adds a DAX device of {@code size} bytes whose mappings must be aligned to {@code align} bytes.
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
   * Adds a character device of some subsystem, without attributes.
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
