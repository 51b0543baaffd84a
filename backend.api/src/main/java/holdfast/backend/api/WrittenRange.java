package holdfast.backend.api;

import org.osgi.annotation.versioning.ConsumerType;

/** Receives the ranges that {@link DirtyTracking#scan} finds. */
@FunctionalInterface
@ConsumerType
public interface WrittenRange {

  /**
   * Receives one run of written pages, after the kernel has made them clean: what is read from them
   * now is at least as new as what the scan reports.
   *
   * @param offset the first byte, as an offset in the block
   * @param length number of bytes, more than 0
   */
  void accept(long offset, long length);
}
