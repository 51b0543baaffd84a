package holdfast.host.linux.internal;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/**
 * The structures of {@code linux/userfaultfd.h} and {@code linux/fs.h} that ioctl(2) takes. All of
 * their fields are {@code __u64}, so they are the same on every architecture. The fields have their
 * names there; the fields of a nested {@code struct uffdio_range} are spelled out.
 */
enum IoctlStruct {
  UFFDIO_API("api", "features", "ioctls"),
  UFFDIO_REGISTER("start", "len", "mode", "ioctls"),
  UFFDIO_WRITEPROTECT("start", "len", "mode"),
  PM_SCAN_ARG(
      "size",
      "flags",
      "start",
      "end",
      "walk_end",
      "vec",
      "vec_len",
      "max_pages",
      "category_inverted",
      "category_mask",
      "category_anyof_mask",
      "return_mask"),
  PAGE_REGION("start", "end", "categories");

  private final StructLayout layout;

  IoctlStruct(String... fields) {
    layout =
        MemoryLayout.structLayout(
            Stream.of(fields).map(ValueLayout.JAVA_LONG::withName).toArray(MemoryLayout[]::new));
  }

  StructLayout layout() {
    return layout;
  }

  /** Returns the size in bytes. */
  long size() {
    return layout.byteSize();
  }

  /** Sets a field of the structure at the beginning of {@code memory}. */
  void set(MemorySegment memory, String field, long value) {
    memory.set(ValueLayout.JAVA_LONG, offset(field), value);
  }

  /** Returns a field of the structure at the beginning of {@code memory}. */
  long get(MemorySegment memory, String field) {
    return memory.get(ValueLayout.JAVA_LONG, offset(field));
  }

  private long offset(String field) {
    return layout.byteOffset(PathElement.groupElement(field));
  }
}
