package holdfast.backend.mmap;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.internal.BlockMapper;
import holdfast.backend.mmap.internal.PageTracking;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.Libc;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Makes RAM blocks: opens the backing, reserves a window, chooses the mmap(2) flags, maps, and
 * checks the result. Also maps the same backing again over a live window. The counterpart of QEMU's
 * {@code qemu_ram_mmap}. Every block that can be re-mapped, replaced or tracked was made here.
 *
 * <p>Stateless and thread-safe.
 */
public final class RamMapper {
  private static final Path SYSFS = Path.of("/sys");

  private static final Path PROCFS = Path.of("/proc");

  private final Libc libc;
  private final Path sysfs;
  private final Path procfs;

  /** Creates a mapper for this host. */
  public RamMapper() {
    this(HostLibc.instance(), SYSFS, PROCFS);
  }

  /**
   * Creates a mapper for a test's host, with the real proc(5).
   *
   * @param libc the system calls
   * @param sysfs where sysfs is mounted
   */
  public RamMapper(Libc libc, Path sysfs) {
    this(libc, sysfs, PROCFS);
  }

  /**
   * Creates a mapper for a test's host.
   *
   * @param libc the system calls
   * @param sysfs where sysfs is mounted
   * @param procfs where proc(5) is mounted; only used for settings of the system
   */
  public RamMapper(Libc libc, Path sysfs, Path procfs) {
    this.libc = libc;
    this.sysfs = sysfs;
    this.procfs = procfs;
  }

  /**
   * Makes a block. On failure nothing is left behind.
   *
   * @param style the allocator's decisions
   * @throws RamBlockException one type per cause
   */
  public RamBlock map(RamBlockSpec spec, MappingStyle style) throws RamBlockException {
    return new BlockMapper(libc, sysfs, procfs, spec, style).map();
  }

  /**
   * Maps the backing of {@code present} again, in the style of another allocator, over the same
   * addresses, while readers and writers continue.
   *
   * @param present a live block that a mapper of this process made
   * @param style the new allocator's decisions
   * @return the block that is in the window now; one without MAP_SYNC if a failed re-map lost that
   * @throws RamBlockException if it can't be done; {@code present} keeps serving
   */
  public RamBlock remap(RamBlock present, MappingStyle style) throws RamBlockException {
    return new BlockMapper(libc, sysfs, procfs, present.spec(), style).remap(present);
  }

  /**
   * Looks up why no block can be {@linkplain RamBlock#track tracked} on this host.
   *
   * @return the reason as a sentence without full stop; empty if blocks can be tracked, except
   *     those that have an {@linkplain RamBlock#trackingObstacle obstacle} of their own
   */
  public Optional<String> trackingObstacle() {
    return PageTracking.obstacle(libc);
  }
}
