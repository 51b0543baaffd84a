package holdfast.backend.api;

/**
 * Identifies a file, whatever path led to it. Two identities that are equal at the same time denote
 * one file; after a file is removed, another one may get its numbers.
 *
 * @param deviceMajor major number of the device that holds the file, or that it is
 * @param deviceMinor minor number of that device
 * @param inode inode number; 0 for a device
 */
public record FileIdentity(int deviceMajor, int deviceMinor, long inode) {
  @Override
  public String toString() {
    return deviceMajor + ":" + deviceMinor + ":" + Long.toUnsignedString(inode);
  }
}
