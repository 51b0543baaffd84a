package holdfast.itest;

/** Changes on files of the build's disk, where each re-map and each persist waits for the disk. */
class RandomBundleChangesOnDiskTest extends RandomBundleChanges {
  @Override
  int changes() {
    return 40;
  }
}
