package holdfast.itest.dax;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * A file of the host that a guest has for an NVDIMM. What stands in it survives the guest.
 *
 * @param file where it is
 * @param mib its size
 */
record Nvdimm(Path file, int mib) {

  /** A new, empty one. */
  static Nvdimm create(Path file, int mib) throws IOException {
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength((long) mib << 20);
    }
    return new Nvdimm(file, mib);
  }
}
