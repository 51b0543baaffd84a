package holdfast.backend.api;

/**
 * The observations on a mapping that its {@link Durability} rests on. For people and for support;
 * nothing parses it.
 *
 * @param mmap the flags that were tried beyond the plain ones, and the kernel's answer, for example
 *     {@code MAP_SHARED_VALIDATE|MAP_SYNC: EOPNOTSUPP}; or the plain flags and {@code ok}
 * @param vmFlags the mapping's VmFlags line in {@code /proc/self/smaps} (proc(5)): {@code sf}
 *     stands for MAP_SYNC, but proves it only together with {@code mmap}, since tmpfs shows it for
 *     a flag that it ignored. Of a block that was mapped without MAP_SYNC the kernel is asked when
 *     {@link RamBlock#evidence} is, and {@link Durability} says that they were not looked at
 * @param persist what makes stores durable, for example {@code msync(MS_SYNC)} or {@code
 *     pmem_deep_flush + pmem_drain (libpmem.so.1)}
 * @param fileSystem the kind of file system or device behind the mapping, for example {@code ext4}
 */
public record Evidence(String mmap, String vmFlags, String persist, String fileSystem) {}
