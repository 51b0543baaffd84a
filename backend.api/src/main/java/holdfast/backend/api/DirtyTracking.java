package holdfast.backend.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Tracks which pages of a live block are written through its mapping, by Java, by native code, by a
 * vCPU thread, or by the kernel during a read(2) into it. While tracking is open, the first store
 * into each page after each scan costs the writer a page fault; reads and everything else cost the
 * same as ever. What follows describes the tracking of mapped memory ({@link RamBlock#track}).
 *
 * <h2>Exactness</h2>
 *
 * A store that completes before {@link #scan} begins is reported by that scan or an earlier one. A
 * store that begins after the scan has ended is reported by the next one, and a store during the
 * scan by one of the two. The kernel examines a page and makes it clean in one step, and when the
 * call returns no CPU can store into a clean page unnoticed, so no store is ever lost. A page that
 * was not written is not reported, whether read or not, present or not, with two exceptions: pages
 * that madvise(MADV_POPULATE_WRITE) makes present, as {@link RamBlock#preallocate} does, count as
 * written; and after a {@link TrackingLostException} so does everything that it left unknown.
 *
 * <h2>Changes that are not stores through this mapping</h2>
 *
 * <ul>
 *   <li>write(2) to the file, and stores through another mapping of it;
 *   <li>DMA by a device into pages that it pinned before a scan: an O_DIRECT read in progress, a
 *       registered buffer of io_uring, VFIO. The page counts as written when it is pinned, not when
 *       it is filled. End such transfers before the last scan, and then store a word of each page
 *       back into it: an atomic OR of 0 is tracked as a store and undoes no other store;
 *   <li>discarding pages: MADV_DONTNEED, MADV_REMOVE, fallocate(2) with FALLOC_FL_PUNCH_HOLE. This
 *       is reported for private anonymous memory, but not for a file; on hugetlbfs it even removes
 *       the report of an earlier store, until the page is touched again.
 * </ul>
 *
 * <h2>Supported memory</h2>
 *
 * Tested with Linux 6.18.44 on x86-64, with pages present before or not, under msync(2), fsync(2),
 * MADV_PAGEOUT, MADV_DONTNEED, reclaim and compaction: of 1.1 thousand million stores into 88
 * million tracked pages, on ext4, xfs, btrfs, tmpfs, memfds and anonymous memory, none was missed.
 *
 * <ul>
 *   <li>shared and private mappings of files on ext4 and tmpfs, a shared one of a memfd, shared and
 *       private anonymous memory: exact, in pages of 4 KiB. An asynchronous userfaultfd accepts any
 *       kind of mapping (commit d61ea1cb0095, vma_can_userfault). Transparent huge pages are
 *       reported by the small page too: those of anonymous memory are split by the first store,
 *       those of files when tracking starts;
 *   <li>anonymous pages that were never present need UFFD_FEATURE_WP_UNPOPULATED (Linux 6.4, commit
 *       2bad466cc9d9), without which they would have no mark to clear. It is always requested;
 *   <li>a shared mapping of hugetlbfs, with UFFD_FEATURE_WP_HUGETLBFS_SHMEM (Linux 5.19): exact, in
 *       huge pages. A kernel without "fs/proc/task_mmu: fix hugetlb self-deadlock in
 *       pagemap_scan_pte_hole()" (May 2026) hangs for ever if PAGEMAP_SCAN is to write-protect a
 *       huge page that was never present; a scan for written pages alone, as it is done here, skips
 *       such pages. A private mapping was not tested;
 *   <li>DAX is refused. Tracking leaves marks in the page table for pages that are not present, and
 *       splits huge ones into such marks, but the fault handler of DAX inserts a page only into an
 *       empty entry (mm/memory.c, insert_pfn; since 6.15 insert_page_into_pte_locked): the first
 *       load from such a page never returns, and a store makes the kernel warn. Tested in a virtual
 *       machine with Linux 6.12.117, ext4 with dax=always. There, a file all of whose pages were
 *       present as small ones was tracked exactly; but nothing guarantees that they stay present;
 *   <li>whole transparent huge pages of private anonymous memory that are discarded are not
 *       reported as discarded by a kernel before the fix "fix PAGEMAP_SCAN written state for PMD
 *       holes" (July 2026); 6.18.44 has it.
 * </ul>
 *
 * <h2>Costs</h2>
 *
 * Starting allocates the page table of the whole block: 8 bytes for each page of 4 KiB, 2 MiB for
 * each GiB. A block has at most one tracking at a time. Measured for 256 MiB in 4 KiB pages on a
 * busy machine with two processors, least of nine: starting 0.4 ms (anonymous), 0.8 ms (ext4), 4 ms
 * (tmpfs); the first store into a page 1.2, 20 and 0.8 µs, the second as without tracking; a scan
 * that finds nothing 0.1 ms, 1,000 pages 0.4 to 0.8 ms, all 65,536 pages 1 ms. A shared mapping on
 * tmpfs stays write-protected when tracking ends, and the next store into each page faults once
 * more; a mapping of a file on ext4 and anonymous memory do not.
 *
 * <h2>Requirements</h2>
 *
 * Linux 6.12.3, by the release that uname(2) reports. PAGEMAP_SCAN exists from 6.7 on (commit
 * 52526ca7fdb9), but at first it can clear the mark of a concurrent store, without which the page
 * is not written to its disk (fixed by c70dce4982ce, in 6.9 and 6.8.10), and can treat a page that
 * is being migrated as clean (2c7ad9a590d1, likewise); no way to call it avoids either.
 * Distribution kernels with these fixes and an older number are refused too, since they can't be
 * recognised.
 *
 * <p>An architecture with userfaultfd's write-protection (CONFIG_PTE_MARKER_UFFD_WP), and a
 * userfaultfd: from {@code /dev/userfaultfd} if the process may open it, else from userfaultfd(2)
 * with UFFD_USER_MODE_ONLY. The latter needs no privilege and restricts nothing here, since the
 * kernel resolves these faults by itself: for user nobody, with vm.unprivileged_userfaultfd=0, all
 * of the above was the same. Containers often forbid both with a seccomp filter.
 *
 * <p>Thread-safe; one scan at a time.
 */
@ProviderType
public interface DirtyTracking extends AutoCloseable {

  /**
   * Reports each run of pages written since the last scan, in the order of their offsets; no two
   * runs touch. Each page becomes clean at the moment it is found written.
   *
   * <p>Ranges are reported while the scan is running, with no lock held. If {@code written} throws,
   * the next scan reports its range and everything after it, written or not.
   *
   * @return how many bytes were reported
   * @throws TrackingLostException if the kernel fails, or the mapping is no longer the one that
   *     tracking was started on. The next scan that succeeds reports everything that is unknown as
   *     one range
   * @throws IllegalStateException if this or its block is closed, or another scan is running
   */
  long scan(WrittenRange written) throws TrackingLostException;

  /**
   * Ends tracking, and with it the cost of stores. The block may have been re-mapped or closed
   * before. Idempotent.
   */
  @Override
  void close();
}
