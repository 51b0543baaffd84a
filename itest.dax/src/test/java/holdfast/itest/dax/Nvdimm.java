package holdfast.itest.dax;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file of the host that a guest has for an NVDIMM. What stands in it survives the guest.
 *
 * @param file where it is
 * @param mib its size
 * @param labelMib how much of it is label area
 */
record Nvdimm(Path file, int mib, int labelMib) {

  /** A new, empty one among the module's temporary files. */
  static Nvdimm create(String name, int mib) throws IOException {
    return create(name, mib, 0);
  }

  /** A new, empty one with a label area among the module's temporary files. */
  static Nvdimm create(String name, int mib, int labelMib) throws IOException {
    Path file = Files.createDirectories(Path.of("target", "guest")).resolve(name + ".nvdimm");
    Files.deleteIfExists(file);
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength((long) mib << 20);
    }
    return new Nvdimm(file, mib, labelMib);
  }

  /** The options of the device behind its memory backend. */
  String options() {
    return labelMib == 0 ? "" : ",label-size=" + labelMib + "M";
  }

  void delete() throws IOException {
    Files.deleteIfExists(file);
  }
}
