package holdfast.itest;

import holdfast.host.testkit.Storage;

/** A thousand changes, on files of a tmpfs: there each takes no longer than its bundles do. */
class ThousandBundleChangesTest extends RandomBundleChanges {
  @Override
  Storage storage() {
    return Storage.tmpfs();
  }

  @Override
  int changes() {
    return 1_000;
  }
}
