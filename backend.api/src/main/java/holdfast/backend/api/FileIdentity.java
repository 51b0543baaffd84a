package holdfast.backend.api;

/**
 * Which file it is, by whatever path somebody came to it: two that are equal at the same time are
 * one file. When a file is removed, its numbers may come to be another one's.
 *
 * @param deviceMajor major number of the device that it is on, or that it is
 * @param deviceMinor minor number of that device
 * @param inode inode number; 0 for a device
 */
public record FileIdentity(int deviceMajor, int deviceMinor, long inode) {
  @Override
  public String toString() {
    return deviceMajor + ":" + deviceMinor + ":" + Long.toUnsignedString(inode);
  }
}
