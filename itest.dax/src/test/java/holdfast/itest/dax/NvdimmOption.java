package holdfast.itest.dax;

import java.util.List;

/**
 * An NVDIMM of the emulator under test: an {@code -object} with its {@code -device}.
 *
 * @param id the memory backend's id
 * @param file the file, in the guest
 * @param mib the size in MiB
 * @param labelMib how much of it is label
 * @param options the other options of the object
 */
record NvdimmOption(String id, String file, int mib, int labelMib, String options) {

  private static final String SPARSE = "reserve=off";

  /** The options of the MAP_SYNC series' test cases, with its bare {@code share}. */
  static NvdimmOption ofSeries(String file) {
    return new NvdimmOption("nv_be4", file, 256, 2, "share,align=128M,pmem=on,share=on");
  }

  /** A small one, at whatever host address: then pages of 4 KiB are mapped, not of 2 MiB. */
  static NvdimmOption small(String id, String file, String options) {
    return new NvdimmOption(id, file, 8, 0, options);
  }

  /** A small one of each kind of file: sparse, fallocated and just created. */
  static List<NvdimmOption> smallOfEachKind(String options) {
    return List.of(
        small("sparse", "/dax/sparse", options).whichStaysSparse(),
        small("fallocated", "/dax/fallocated", options),
        small("new", "/dax/new", options));
  }

  /** The same without setting space aside: a sparse file is filled by the guest's stores. */
  NvdimmOption whichStaysSparse() {
    return new NvdimmOption(id, file, mib, labelMib, options + "," + SPARSE);
  }

  boolean staysSparse() {
    return options.contains(SPARSE);
  }

  String arguments() {
    return "-object memory-backend-file,id=%s,mem-path=%s,size=%dM,%s -device nvdimm,memdev=%s%s "
        .formatted(
            id, file, mib, options, id, labelMib == 0 ? "" : ",label-size=" + labelMib + "M");
  }

  long size() {
    return (long) mib << 20;
  }

  /** Where in the region the label begins, -1 if there is none. */
  long labelAt() {
    return labelMib == 0 ? -1 : (long) (mib - labelMib) << 20;
  }
}
