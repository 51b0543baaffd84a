package holdfast.backend.mmap.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The attributes of a device-DAX character device, {@code /dev/daxX.Y}, in sysfs
 * (Documentation/ABI/testing/sysfs-bus-dax in the kernel).
 *
 * @param size bytes
 * @param align the unit in bytes of addresses, offsets and lengths of its mappings
 */
public record DaxDevice(long size, long align) {

  /**
   * Returns the DAX device with the given device number; empty if that is no DAX device.
   *
   * @param sysfs where sysfs is mounted
   * @throws IOException if it is one, but its size or alignment can't be read or is invalid
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
    long unit = readNumber(Files.exists(align) ? align : regionAlign);
    if (Long.bitCount(unit) != 1) {
      throw new IOException("its align is " + unit + ", which is no power of two");
    }
    return Optional.of(new DaxDevice(size, unit));
  }

  private static long readNumber(Path attribute) throws IOException {
    String text = Files.readString(attribute).strip();
    try {
      long number = Long.decode(text);
      if (number < 0) {
        throw new IOException(attribute + " holds " + number + ", which is below 0");
      }
      return number;
    } catch (NumberFormatException e) {
      throw new IOException(attribute + " holds '" + text + "', which is no number", e);
    }
  }
}
