package holdfast.host.testkit;

import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A libc that fails on command, can answer as another host would, records every call, and knows
 * which ranges and descriptors were not given back. Everything else is done by a real libc.
 *
 * <p>To check that nothing leaks, whichever call fails, run a scenario once without a fault, count
 * its {@linkplain #made() calls}, and run it again for each of them with {@link Fault#ofCall}.
 *
 * <p>Thread-safe.
 */
public final class FaultyLibc extends RecordingLibc {
  /** How {@code MAP_SHARED_VALIDATE|MAP_SYNC} is handled. */
  public enum SyncAnswer {
    /** The real kernel decides. */
    REAL,

    /**
     * Accepted, and mapped with {@code MAP_SHARED|MAP_SYNC}. Such a mapping of a tmpfs file shows
     * {@code sf} among its VmFlags, as one of a file on DAX does.
     */
    TAKEN,

    /** Accepted, and mapped without either flag, so that VmFlags contradict it. */
    TAKEN_IN_NAME_ONLY
  }

  /** Creates a libc that does what {@code real} does until it is configured otherwise. */
  public FaultyLibc(Libc real) {
    super(real);
  }

  /** Creates a libc over the C library of this process. */
  public static FaultyLibc host() {
    return new FaultyLibc(HostLibc.instance());
  }

  /** Adds a fault; for each call, the first fault that matches it decides. */
  public FaultyLibc with(Fault fault) {
    recorder.add(fault);
    return this;
  }

  /** Removes all faults. */
  public void heal() {
    recorder.heal();
  }

  /** Uses other constants, for example without MAP_SYNC. */
  public FaultyLibc withConstants(KernelConstants other) {
    answers.constants = other;
    return this;
  }

  /** Reports that release of the kernel, as uname(2) would. */
  public FaultyLibc withRelease(String other) {
    answers.release = other;
    return this;
  }

  /** Reports every file as the character device with that number. */
  public FaultyLibc withCharacterDevice(int major, int minor) {
    answers.statx = file -> HostAnswers.asCharacterDevice(file, major, minor);
    return this;
  }

  /** Reports every file as being on a file system mounted with DAX, by statx(2). */
  public FaultyLibc withDax() {
    answers.statx = HostAnswers::asDax;
    return this;
  }

  /** Limits a scan of pages to that many regions, however long its vector is. */
  public FaultyLibc withShortVectors(int regions) {
    answers.longestVector = regions;
    return this;
  }

  /**
   * Passes the kernel's answer to a scan of pages through {@code answer}, before the caller gets
   * it: a test can store in between, or answer as another kernel would.
   */
  public FaultyLibc withScanAnswer(UnaryOperator<PageRegions> answer) {
    answers.scan = answer;
    return this;
  }

  /**
   * Reports every file as being on the file system with that magic number, {@code linux/magic.h}.
   */
  public FaultyLibc withFileSystem(long magic) {
    answers.fstatfs = real -> new FileSystemStatus(magic, real.blockSize());
    return this;
  }

  /** Reports every file as being on hugetlbfs with pages of {@code pageSize} bytes. */
  public FaultyLibc withHugetlbfs(long pageSize) {
    answers.fstatfs = real -> HostAnswers.hugetlbfs(pageSize);
    return this;
  }

  /** Sets how MAP_SYNC is handled from now on. */
  public FaultyLibc withSync(SyncAnswer answer) {
    answers.sync = answer;
    return this;
  }

  /**
   * Reports each msync(2) that succeeds to an oracle from now on: what its pages held when it began
   * is durable when it returns.
   */
  public FaultyLibc withOracle(CpuCaches told) {
    oracle = told;
    return this;
  }

  /** Returns the calls made so far, including those that failed, in their order. */
  public List<RecordedCall> made() {
    return recorder.made();
  }

  /** Returns the calls of one kind made so far. */
  public List<RecordedCall> made(SystemCall call) {
    return made().stream().filter(one -> one.call() == call).toList();
  }

  /** Forgets the calls made so far: the next one is number 1. */
  public void forget() {
    recorder.forget();
  }

  /** Returns the address ranges that were mapped and not unmapped, adjacent ones joined. */
  public List<AddressRange> mapped() {
    return ledger.ranges();
  }

  /** Returns the descriptors that were opened and not closed. */
  public Set<Integer> descriptors() {
    return ledger.descriptors();
  }
}
