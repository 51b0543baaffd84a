package holdfast.itest.dax;

/** The file systems of Linux that grant MAP_SYNC, as the guest has them, at {@link #FOLDER}. */
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

  private static final String DEVICE = "/dev/pmem0";

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
    return """
        set -e
        [ "$(cat /sys/block/pmem0/queue/dax)" = 1 ] ||
          ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem
        %s %s
        %s
        """
        .formatted(make, DEVICE, mount());
  }

  /** A script that mounts the one that is there, which replays its journal. */
  String mount() {
    return "mount -t %s %s %s".formatted(mount, DEVICE, FOLDER);
  }

  /** A script that unmounts it and fails if anything is wrong with it. */
  String check() {
    return "set -e; umount %s; %s %s".formatted(FOLDER, check, DEVICE);
  }

  @Override
  public String toString() {
    return mount;
  }
}
