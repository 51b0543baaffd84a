package holdfast.backend.mmap.internal;

import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.WriteBackFailure;
import java.util.Optional;

/** A device-DAX character device: no file system, and msync(2) does nothing for it. */
final class DaxDeviceStore implements BackingStore {
  private final RamBlockSpec spec;
  private final OpenFile file;
  private final DaxDevice device;
  private final long pageSize;
  private final WriteBacks writeBacks = new WriteBacks();

  DaxDeviceStore(RamBlockSpec spec, OpenFile file, DaxDevice device, long pageSize) {
    this.spec = spec;
    this.file = file;
    this.device = device;
    this.pageSize = pageSize;
  }

  /** Returns the unit of addresses, offsets and lengths of mappings, in bytes. */
  long unit() {
    return device.align();
  }

  @Override
  public RamBlockSpec spec() {
    return spec;
  }

  @Override
  public int fd() {
    return file.fd();
  }

  @Override
  public long length() {
    return device.size();
  }

  @Override
  public String medium() {
    return "device DAX";
  }

  @Override
  public Optional<String> volatility() {
    return Optional.empty();
  }

  @Override
  public boolean isOnDax() {
    return true;
  }

  @Override
  public long pageSize() {
    return pageSize;
  }

  @Override
  public Optional<FileIdentity> identity() {
    return file.identity();
  }

  @Override
  public WriteBacks writeBacks() {
    return writeBacks;
  }

  @Override
  public Optional<WriteBackFailure> writeBackFailure() {
    return writeBacks.failure();
  }

  @Override
  public void close() {
    file.closeQuietly();
  }

  @Override
  public void giveUp(boolean discardData) {
    file.closeQuietly();
  }

  @Override
  public void discard() {
    file.closeQuietly();
  }
}
