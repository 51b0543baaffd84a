package holdfast.machine.migration.internal.handover;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.HostLibc;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;

/** Tells which memory can be handed over as a descriptor, and which was. */
public final class HandedOver {
  private HandedOver() {}

  /**
   * Returns the descriptor behind which all of a region's bytes are, so that who maps it sees them.
   *
   * @return empty if there is none: plain memory, memory that is private to its process, and what
   *     can't be stored into, which both sides open by themselves
   */
  public static OptionalInt descriptor(Region region) {
    RamBlock block = region.status().block();
    return isShared(block.spec()) ? block.descriptor() : OptionalInt.empty();
  }

  /** Returns whether a region's memory was handed over to this process, content included. */
  public static boolean isInherited(Region region) {
    return region.spec().inherited().isPresent() && isShared(region.spec());
  }

  /** Returns the regions of a machine whose memory was handed over to this process. */
  public static List<Region> inherited(Machine machine) {
    return machine.backends().stream()
        .map(Backend::region)
        .filter(HandedOver::isInherited)
        .toList();
  }

  private static boolean isShared(RamBlockSpec spec) {
    return spec.has(RamFlag.RAM_SHARED) && !spec.has(RamFlag.RAM_READONLY);
  }

  /**
   * Returns which bytes of which file those of a region are, the same in each process of a host.
   *
   * @throws IOException if it can't be found out
   */
  public static String place(Region region) throws IOException {
    OptionalInt descriptor = descriptor(region);
    if (descriptor.isEmpty()) {
      return "";
    }
    try {
      FileStatus status = HostLibc.instance().statx(descriptor.getAsInt());
      return status.identity((major, minor, inode) -> major + ":" + minor + ":" + inode)
          + "+"
          + region.spec().offset().bytes();
    } catch (ErrnoException e) {
      throw new IOException(
          "memory backend '"
              + region.id()
              + "': which file it is in is not known: "
              + e.getMessage(),
          e);
    }
  }
}
