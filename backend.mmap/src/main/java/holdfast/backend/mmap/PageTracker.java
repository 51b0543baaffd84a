package holdfast.backend.mmap;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.mmap.internal.PageTracking;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.Libc;
import java.util.Optional;

/**
 * Which pages of a live block are written, whoever writes them through its mapping: Java, native
 * code, the kernel for a read(2) into it, a vCPU thread. While it is armed a writer pays a page
 * fault for the first store into each page after each scan; reads, and all else, cost what they
 * always do.
 *
 * <h2>What is exact</h2>
 *
 * A store that is done when {@link DirtyTracking#scan} begins is reported by that scan or was by an
 * earlier one; a store that begins after it has ended is reported by the next; one that happens
 * meanwhile, by one of them. The kernel looks at a page and makes it clean in one step, and no CPU
 * can store into a clean page unnoticed when the call returns, so that no store is ever lost. A
 * page that nobody wrote is not reported, read or not, present or not, with these exceptions: pages
 * that madvise(MADV_POPULATE_WRITE) makes present, {@link RamBlock#preallocate} for one, count as
 * written; and after a {@link TrackingLostException} everything that it left unknown.
 *
 * <h2>What is no store through this mapping</h2>
 *
 * <ul>
 *   <li>write(2) to the file, and stores through another mapping of it;
 *   <li>what a device writes by DMA into pages that it pinned before a scan: an O_DIRECT read that
 *       is under way, a registered buffer of io_uring, VFIO. The page counts as written when it is
 *       pinned, and not when it is filled. End such transfers before the last scan, and store a
 *       word of each page back into it when they have ended: an atomic OR of 0, which undoes
 *       nobody's store, is one that is noted;
 *   <li>throwing pages away: MADV_DONTNEED, MADV_REMOVE, fallocate(2) with FALLOC_FL_PUNCH_HOLE. Of
 *       private anonymous memory they are reported, of a file not; and of hugetlbfs they even take
 *       away the report of a store that came before, until the page is touched again.
 * </ul>
 *
 * <h2>On which memory</h2>
 *
 * Tried with Linux 6.18.44 on x86-64, pages present or not before, under msync(2), fsync(2),
 * MADV_PAGEOUT, MADV_DONTNEED, reclaim and compaction: of 1.1 thousand million stores into 88
 * million noted pages, on ext4, xfs, btrfs, tmpfs, memfds and anonymous memory, none was missed.
 *
 * <ul>
 *   <li>shared and private mappings of files on ext4 and tmpfs, a shared one of a memfd, shared and
 *       private anonymous memory: exact, in pages of 4 KiB. An asynchronous userfaultfd takes any
 *       kind of mapping (commit d61ea1cb0095, vma_can_userfault). Transparent huge pages are
 *       reported by the small page too: those of anonymous memory are split by the first store,
 *       those of files when they are armed;
 *   <li>anonymous pages that were never present need UFFD_FEATURE_WP_UNPOPULATED (Linux 6.4, commit
 *       2bad466cc9d9), without which they would have no mark to take away. It is always asked for;
 *   <li>a shared mapping of hugetlbfs, with UFFD_FEATURE_WP_HUGETLBFS_SHMEM (Linux 5.19): exact, in
 *       huge pages. A kernel without "fs/proc/task_mmu: fix hugetlb self-deadlock in
 *       pagemap_scan_pte_hole()" (May 2026) hangs for ever when it is to write-protect a huge page
 *       that was never present by PAGEMAP_SCAN; one that asks for written pages alone, as it is
 *       done here, passes it by. A private mapping was not tried;
 *   <li>DAX is refused. Arming leaves marks in the page table for pages that are not present, and
 *       splits huge ones into such marks, but the fault handler of DAX puts a page only where there
 *       is nothing (mm/memory.c, insert_pfn; since 6.15 insert_page_into_pte_locked): the first
 *       load from such a page never returns, and a store makes the kernel warn. Tried in a virtual
 *       machine with Linux 6.12.117, ext4 with dax=always. There, a file all of whose pages were
 *       present as small ones was tracked exactly; but nobody can promise that they stay present;
 *   <li>pages that a kernel before the fix "fix PAGEMAP_SCAN written state for PMD holes" (July
 *       2026) throws away as a whole transparent huge page of private anonymous memory aren't
 *       reported as thrown away; 6.18.44 has it.
 * </ul>
 *
 * <h2>What it costs</h2>
 *
 * Arming makes the page table of the whole block: 8 bytes for each page of 4 KiB, 2 MiB for each
 * GiB. There is one at a time for a block. Measured for 256 MiB in 4 KiB pages on a busy machine
 * with two processors, least of nine: arming 0.4 ms (anonymous), 0.8 ms (ext4), 4 ms (tmpfs); the
 * first store into a page 1.2, 20 and 0.8 µs, the second as ever; a scan that finds nothing 0.1 ms,
 * 1,000 pages 0.4 to 0.8 ms, all 65,536 pages 1 ms. A shared mapping on tmpfs stays write-protected
 * when the tracking ends, and the next store into each page faults once more; that of a file on
 * ext4 and anonymous memory don't.
 *
 * <h2>What the host must have</h2>
 *
 * Linux 6.12.3, by the release that uname(2) tells. PAGEMAP_SCAN is there from 6.7 on (commit
 * 52526ca7fdb9), but there it can take away the mark of a store that it meets, by which the page
 * would have been written to its disk (mended by c70dce4982ce, in 6.9 and 6.8.10), and take a page
 * that is being migrated for clean (2c7ad9a590d1, the same); no way to call it avoids either.
 * Kernels of a distribution that has these and an older number are refused with the rest, since
 * nobody can tell them apart.
 *
 * <p>An architecture with userfaultfd's write-protection (CONFIG_PTE_MARKER_UFFD_WP), and a
 * userfaultfd: from {@code /dev/userfaultfd}, if the process may open it, else from userfaultfd(2)
 * with UFFD_USER_MODE_ONLY, which needs no privilege and is no restriction here, since the kernel
 * asks nobody about a fault that it resolves by itself: as user nobody, with
 * vm.unprivileged_userfaultfd=0, all of the above was the same. Containers often forbid both with a
 * seccomp filter.
 *
 * <h2>How the kernel is asked</h2>
 *
 * For at most 512 ranges a call. If one call finds more, the kernel empties its own buffer of 512
 * on the way and goes on, but walk_end stays where the buffer was first full, before ranges that
 * were told and made clean (seen with 6.18.44); who goes on from there is told of lower ranges than
 * before, if somebody stores meanwhile. The next call goes on behind all that was told.
 *
 * <p>{@link RamBlock#dropPageTable} of a block that is tracked does nothing where a page table that
 * is freed takes the note of a store with it (some kernels between 6.14 and 6.18): that is found
 * out with 2 MiB of other memory, when it is first called.
 *
 * <p>Thread-safe; one scan at a time.
 */
public final class PageTracker {
  private PageTracker() {}

  /** Why no block can be tracked on this host; empty if blocks can be, unless they say no. */
  public static Optional<String> unavailableBecause() {
    return unavailableBecause(HostLibc.instance());
  }

  /**
   * Why no block can be tracked on a host; empty if blocks can be, unless they say no.
   *
   * @param libc the host
   */
  public static Optional<String> unavailableBecause(Libc libc) {
    return PageTracking.unavailableBecause(libc);
  }

  /**
   * Begins: every page is clean now.
   *
   * @param block a live block that a mapper of this process made
   * @throws TrackingRefusedException if the host, the block or its memory can't; nothing is left
   *     behind
   * @throws holdfast.backend.api.RetiredBlockException if another block stands in its place
   * @throws IllegalStateException if the block is closed
   */
  public static DirtyTracking arm(RamBlock block) throws TrackingRefusedException {
    return PageTracking.arm(block);
  }
}
