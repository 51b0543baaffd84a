package holdfast.backend.mmap.internal;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Request;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Presents a RAM block's spec as a request to the host.
 *
 * @param spec the requested block
 */
record BlockRequest(RamBlockSpec spec) implements Request {
  @Override
  public Optional<Path> file() {
    return spec.backing() instanceof Backing.File file
        ? Optional.of(file.path())
        : Optional.empty();
  }

  @Override
  public boolean readOnly() {
    return spec.has(RamFlag.RAM_READONLY) || spec.has(RamFlag.RAM_READONLY_FD);
  }

  @Override
  public boolean shared() {
    return spec.has(RamFlag.RAM_SHARED);
  }

  @Override
  public long size() {
    return spec.size().bytes();
  }

  @Override
  public long end() {
    return spec.offset().bytes() + spec.size().bytes();
  }

  @Override
  public long align() {
    return spec.align().bytes();
  }

  @Override
  public boolean hugePages() {
    return spec.backing() instanceof Backing.Memfd memfd && memfd.hugetlb();
  }

  @Override
  public long hugePage() {
    return spec.backing() instanceof Backing.Memfd memfd ? memfd.hugetlbSize().bytes() : 0;
  }

  @Override
  public String exact(long bytes) {
    return new ByteSize(bytes).toString();
  }

  @Override
  public String rounded(long bytes) {
    return new ByteSize(bytes).rounded();
  }
}
