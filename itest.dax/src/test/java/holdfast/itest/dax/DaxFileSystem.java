package holdfast.itest.dax;

/**
 * The file systems of Linux that grant MAP_SYNC, as the guest has them, on the first NVDIMM at
 * {@link #FOLDER} if nothing else is said.
 */
enum DaxFileSystem {
  /**
   * Its journal is committed every ten minutes, and not every five seconds as usual: what survives
   * is what somebody saw to, and nothing that would have been committed anyway.
   */
  EXT4("mke2fs -q -F -t ext4 -b 4096", "ext4 -o dax=always,commit=600", "e2fsck -fn"),

  /** Without reflinks, beside which older kernels grant no DAX. */
  XFS("mkfs.xfs -q -f -m reflink=0", "xfs -o dax=always", "xfs_repair -n");

  /** Where it is mounted. */
  static final String FOLDER = "/dax";

  private final String make;
  private final String mount;
  private final String check;

  DaxFileSystem(String make, String mount, String check) {
    this.make = make;
    this.mount = mount;
    this.check = check;
  }

  /**
   * A script that makes a new one on an NVDIMM and mounts it. A new NVDIMM is a raw namespace,
   * which grants no DAX.
   */
  String make() {
    return make(0, FOLDER);
  }

  /** The same on the NVDIMM of that number, from 0, and at another folder. */
  String make(int nvdimm, String folder) {
    return """
        set -e
        [ "$(cat /sys/block/pmem%1$d/queue/dax)" = 1 ] ||
          ndctl create-namespace -f -e namespace%1$d.0 -m fsdax -M mem
        %2$s %3$s
        %4$s
        """
        .formatted(nvdimm, make, device(nvdimm), mount(nvdimm, folder));
  }

  private static String device(int nvdimm) {
    return "/dev/pmem" + nvdimm;
  }

  /** A script that mounts the one that is there, which replays its journal. */
  String mount() {
    return mount(0, FOLDER);
  }

  /** The same of another NVDIMM, at another folder. */
  String mount(int nvdimm, String folder) {
    return "mkdir -p %3$s && mount -t %1$s %2$s %3$s".formatted(mount, device(nvdimm), folder);
  }

  /** A script that unmounts it and fails if anything is wrong with it. */
  String check() {
    return check(0, FOLDER);
  }

  /** The same of another NVDIMM, at another folder. */
  String check(int nvdimm, String folder) {
    return "set -e; umount %s; %s %s".formatted(folder, check, device(nvdimm));
  }

  @Override
  public String toString() {
    return mount;
  }
}
