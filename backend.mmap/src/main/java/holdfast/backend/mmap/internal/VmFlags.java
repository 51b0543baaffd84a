package holdfast.backend.mmap.internal;

import java.util.List;

/**
 * The VmFlags of one mapping of this process, from {@code /proc/self/smaps} (proc(5)). {@code sf}
 * stands for MAP_SYNC (kernel commit b6fb293f2497).
 *
 * @param text the two-letter flags, for example {@code rd wr sh mr mw me ms}; a sentence in
 *     brackets if there are none to show
 */
public record VmFlags(String text) {
  /** Stands for flags that no verdict rests on. */
  static final VmFlags NOT_LOOKED_AT = new VmFlags("(not looked at)");

  /** Returns the flags of the mapping that contains {@code address} now. */
  public static VmFlags at(long address) {
    return Smaps.at(address);
  }

  /** Returns whether the kernel shows the mapping as synchronous. */
  public boolean showsSync() {
    return List.of(text.split(" ")).contains("sf");
  }

  @Override
  public String toString() {
    return text;
  }
}
