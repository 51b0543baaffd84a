package holdfast.backend.mmap.internal;

import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.WriteBackFailure;
import java.util.Optional;

/** Memory of the process: there is nothing to open, to lock or to close. */
final class AnonymousStore implements BackingStore {
  private static final int NO_FD = -1;

  private final RamBlockSpec spec;
  private final long pageSize;
  private final WriteBacks writeBacks = new WriteBacks();

  AnonymousStore(RamBlockSpec spec, long pageSize) {
    this.spec = spec;
    this.pageSize = pageSize;
  }

  @Override
  public RamBlockSpec spec() {
    return spec;
  }

  @Override
  public int fd() {
    return NO_FD;
  }

  @Override
  public long length() {
    return end();
  }

  @Override
  public String medium() {
    return "anonymous memory";
  }

  @Override
  public Optional<String> volatility() {
    return Optional.of("anonymous memory ends with the process");
  }

  @Override
  public boolean isOnDax() {
    return false;
  }

  @Override
  public long pageSize() {
    return pageSize;
  }

  @Override
  public Optional<FileIdentity> identity() {
    return Optional.empty();
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
  public void close() {}

  @Override
  public void giveUp(boolean discardData) {}

  @Override
  public void discard() {}
}
