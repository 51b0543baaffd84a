package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.BackingOpenException;
import holdfast.backend.api.BackingSizeException;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockOffsetException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.WriteBackFailure;
import holdfast.backend.mmap.internal.BackingOpener.Opened;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The store of a block's bytes: an open, locked file or DAX device of sufficient size, or nothing
 * but memory. Passed from block to block when a live region is re-mapped, so that the file stays
 * the same and its lock is never released.
 */
sealed interface BackingStore permits AnonymousStore, FileStore, DaxDeviceStore {

  /**
   * Opens, checks and locks the backing of a block, and provides its space.
   *
   * @param sysfs where sysfs is mounted
   * @throws RamBlockException one type per cause; nothing is left behind
   */
  static BackingStore open(Libc libc, Path sysfs, RamBlockSpec spec) throws RamBlockException {
    BackingStore store = openLocked(libc, sysfs, spec);
    try {
      store.checkGeometry(libc);
      if (store instanceof FileStore file) {
        file.provideSpace();
      }
      return store;
    } catch (RamBlockException | RuntimeException | Error e) {
      store.discard();
      throw e;
    }
  }

  private static BackingStore openLocked(Libc libc, Path sysfs, RamBlockSpec spec)
      throws RamBlockException {
    if (spec.backing() instanceof Backing.Anonymous) {
      return new AnonymousStore(spec, libc.getpagesize());
    }
    for (int attempt = 0; attempt < BackingOpener.ATTEMPTS; attempt++) {
      Opened opened = new BackingOpener(libc, sysfs, spec).open();
      OpenFile file = new OpenFile(libc, spec, opened.fd(), opened.origin());
      BackingStore store =
          opened.dax().isPresent()
              ? new DaxDeviceStore(spec, file, opened.dax().get(), libc.getpagesize())
              : new FileStore(libc, spec, file, opened.fileSystem());
      try {
        if (spec.inherited().isEmpty()) { // else its lock came along
          file.lock(store.storesReachIt(), store.medium());
        }
        if (store instanceof DaxDeviceStore || !file.isGone()) {
          return store;
        }
      } catch (RamBlockException | RuntimeException | Error e) {
        file.closeQuietly(); // the lock's holder has taken over the file, even one created here
        throw e;
      }
      file.closeQuietly();
    }
    throw BackingOpener.keepsVanishing(spec);
  }

  /** Checks size, alignment and offset, in QEMU's order. */
  private void checkGeometry(Libc libc) throws RamBlockException {
    RamBlockSpec spec = spec();
    long actual = presentLength(libc);
    if (actual < end() && !(actual == 0 && canGrow())) {
      throw new BackingSizeException(spec, new ByteSize(actual));
    }
    Alignment wish = spec.align();
    long unit = pageSize();
    if (this instanceof DaxDeviceStore device) {
      if (wish.bytes() < device.unit()) {
        throw new BlockAlignmentException(
            spec, new Alignment(device.unit()), "the alignment of this DAX device");
      }
      unit = Math.max(unit, device.unit());
    }
    if (wish.bytes() != 0 && wish.bytes() < pageSize()) {
      throw new BlockAlignmentException(
          spec, new Alignment(pageSize()), "the page size of this backing");
    }
    if (offset() % unit != 0) {
      throw new BlockOffsetException(spec, spec.offset(), new ByteSize(unit));
    }
    if (spec.size().bytes() % unit != 0) {
      throw new BlockSizeException(spec, new ByteSize(unit));
    }
  }

  private long presentLength(Libc libc) throws BackingOpenException {
    try {
      return length();
    } catch (ErrnoException e) {
      throw new BackingOpenException(
          spec(),
          e.errno().toString(),
          Remedy.of(Step.LOOK, e, Scene.ofFile(libc, new BlockRequest(spec()), fd())));
    }
  }

  /** Returns the request that the backing was opened for. */
  RamBlockSpec spec();

  /** Returns the descriptor, -1 for anonymous memory. */
  int fd();

  /** Returns how many bytes the backing has now, for a file that another program may shorten. */
  long length() throws ErrnoException;

  /** Returns whether an empty backing grows to the block's end. */
  default boolean canGrow() {
    return false;
  }

  /** Returns where in the backing the block begins, in bytes. */
  default long offset() {
    return spec().offset().bytes();
  }

  /** Returns where in the backing the block ends, in bytes. */
  default long end() {
    return offset() + spec().size().bytes();
  }

  /** Returns the file system or device in words, for reports. */
  String medium();

  /** Returns whether the content is lost in a power cut, or at the end of the process. */
  default boolean isVolatile() {
    return volatility().isPresent();
  }

  /**
   * Looks up why the content is lost in a power cut, or at the end of the process.
   *
   * @return the reason as a sentence without full stop; empty if it isn't lost
   */
  Optional<String> volatility();

  /** Returns whether the pages are persistent memory itself. */
  boolean isOnDax() throws ErrnoException;

  /** Returns the page size of mappings, in bytes. */
  long pageSize();

  /** Returns the alignment of the host address. */
  default Alignment align() {
    return spec().align().orPageSize(pageSize());
  }

  /** Returns whether the guest's stores go into the backing. */
  default boolean storesReachIt() {
    return spec().has(RamFlag.RAM_SHARED) && !spec().has(RamFlag.RAM_READONLY);
  }

  /** Returns the identity of the file or device; empty if it has none, or if it can't be read. */
  Optional<FileIdentity> identity();

  /** Returns all calls that can report a failure to write this back, and what they reported. */
  WriteBacks writeBacks();

  /** Returns the first reported failure to write back; asks the kernel, too, if there is none. */
  Optional<WriteBackFailure> writeBackFailure();

  /** Does what {@link holdfast.backend.api.RamBlock#lend} promises. */
  default void lend() {
    writeBacks().lend();
  }

  /**
   * Closes the backing, which releases the lock. A failure to write back that was not reported
   * before is logged, since this is the last chance.
   */
  void close();

  /**
   * Closes the backing after another has taken over its content, so that nothing in it matters any
   * more.
   *
   * @param discardData whether the content is discarded first; a file keeps its length
   */
  void giveUp(boolean discardData);

  /**
   * Undoes {@link #open}: removes the file if it was created here, empties it if it was found
   * empty, unless another reader has it by now.
   */
  void discard();
}
