package holdfast.itest.dax;

import java.util.List;

/**
 * What a guest's machine has beside disks and ports.
 *
 * @param machine properties of the machine
 * @param memory the memory
 * @param kernel parameters of the guest's kernel
 * @param options further options of QEMU
 */
record Board(String machine, String memory, String kernel, List<String> options) {
  private static final int MEMORY_MIB = 2048;

  /** One for these NVDIMMs of QEMU's. */
  static Board withNvdimms(List<Nvdimm> nvdimms) {
    int nvdimmMib = nvdimms.stream().mapToInt(Nvdimm::mib).sum();
    // The sum and a little more: each NVDIMM is put at an aligned address.
    return new Board(
        "nvdimm=on",
        "%dM,slots=4,maxmem=%dM".formatted(MEMORY_MIB, MEMORY_MIB + nvdimmMib + 4 * 1024),
        "",
        List.of());
  }
}
