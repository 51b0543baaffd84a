package holdfast.backend.mmap.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What sysfs tells of a device-DAX character device, {@code /dev/daxX.Y}
 * (Documentation/ABI/testing/sysfs-bus-dax in the kernel).
 *
 * @param size bytes
 * @param align what addresses, offsets and lengths of its mappings must be multiples of
 */
public record DaxDevice(long size, long align) {

  /**
   * The DAX device with the given device number, empty if that is no DAX device.
   *
   * @param sysfs where sysfs is mounted
   * @throws IOException if it is one, but its size can't be read
   */
  public static Optional<DaxDevice> find(Path sysfs, int major, int minor) throws IOException {
    Path device = sysfs.resolve("dev/char/" + major + ":" + minor);
    Path subsystem = device.resolve("subsystem");
    if (!Files.isSymbolicLink(subsystem)
        || !Files.readSymbolicLink(subsystem).endsWith(Path.of("dax"))) {
      return Optional.empty();
    }
    long size = readNumber(device.resolve("size"));
    Path align = device.resolve("align");
    Path regionAlign = device.resolve("dax_region/align");
    return Optional.of(
        new DaxDevice(size, readNumber(Files.exists(align) ? align : regionAlign)));
  }

  private static long readNumber(Path attribute) throws IOException {
    String text = Files.readString(attribute).strip();
    try {
      return Long.decode(text);
    } catch (NumberFormatException e) {
      throw new IOException(attribute + " holds '" + text + "', which is no number", e);
    }
  }
}
