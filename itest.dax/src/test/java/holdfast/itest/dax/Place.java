package holdfast.itest.dax;

/** Where a file can be in the guest, and what is true of it there. */
enum Place {
  /** On the first NVDIMM. */
  EXT4_DAX("/dax", true, "page", DaxFileSystem.EXT4.make()),

  /** On the second NVDIMM. */
  XFS_DAX(
      "/xfs",
      true,
      "page",
      """
      ndctl create-namespace -f -e namespace1.0 -m fsdax -M mem
      mkfs.xfs -q -f -m reflink=0 /dev/pmem1
      mkdir /xfs
      mount -t xfs -o dax=always /dev/pmem1 /xfs
      """),

  /** A disk, as good as. */
  EXT4(
      "/ordinary",
      false,
      "page",
      """
      truncate -s 128M /run/disk
      mke2fs -q -F -t ext4 /run/disk
      mkdir /ordinary
      busybox mount -o loop /run/disk /ordinary
      """),

  TMPFS("/run/tmpfs", false, "none", "mkdir /run/tmpfs"),

  OVERLAYFS("/overlay", false, "page", "mkdir /overlay"),

  /** The host's file system; the page cache must be one of the modes in which 9p maps files. */
  NINE_P(
      "/ninep",
      false,
      "page",
      """
      mkdir /ninep
      mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose scratch /ninep
      """);

  private final String folder;
  private final boolean grantsSync;
  private final String byKernel;
  private final String script;

  Place(String folder, boolean grantsSync, String byKernel, String script) {
    this.folder = folder;
    this.grantsSync = grantsSync;
    this.byKernel = byKernel;
    this.script = script;
  }

  String folder() {
    return folder;
  }

  /** Whether MAP_SYNC is to be had. */
  boolean grantsSync() {
    return grantsSync;
  }

  /** Whether the file system has fallocate(2); that of 9p in Linux has not. */
  boolean allocates() {
    return this != NINE_P;
  }

  /** The granularity of a shared mapping without MAP_SYNC. */
  String byKernel() {
    return byKernel;
  }

  /** A script that makes the place. */
  String script() {
    return script;
  }
}
