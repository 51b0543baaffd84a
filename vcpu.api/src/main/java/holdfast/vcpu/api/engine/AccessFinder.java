package holdfast.vcpu.api.engine;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.MemoryFault.Access;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Finds out what an access is that the engine's memory did not serve: a device register of the
 * emulator's, memory that is gone or can't be written, or memory that the host can't provide.
 *
 * <p>Thread-safe. It loads from guest memory to see whether that is still there, which can fail a
 * region; the listeners of that are waited for. So it is called outside the gate where the engine's
 * {@link GuestMapper#unmap} waits for it.
 */
public final class AccessFinder {
  private final GuestMemory memory;
  private final MemoryFollower follower;

  /** Makes one for the memory that {@code follower} follows. */
  public AccessFinder(GuestMemory memory, MemoryFollower follower) {
    this.memory = memory;
    this.follower = follower;
  }

  /**
   * Returns the exit of a load.
   *
   * @param reply where an answer goes
   * @return empty if memory is there and can be loaded from: the engine met a moment of change, and
   *     does the access once more
   */
  public Optional<VcpuExit> load(GuestAddress address, int width, LongConsumer reply) {
    return find(new Access(address, width, false), new VcpuExit.MmioRead(address, width, reply));
  }

  /**
   * Returns the exit of a store.
   *
   * @return empty if memory is there and can be loaded from: the engine met a moment of change, and
   *     does the access once more
   */
  public Optional<VcpuExit> store(GuestAddress address, int width, long value) {
    return find(new Access(address, width, true), new VcpuExit.MmioWrite(address, width, value));
  }

  private Optional<VcpuExit> find(Access access, VcpuExit device) {
    Optional<Standing> standing = follower.at(access.address());
    if (standing.isEmpty()) {
      return Optional.of(device);
    }
    return switch (standing.get()) {
      case Standing.Gone(var _, String id) -> Optional.of(new MemoryFault.Unplugged(access, id));
      case Standing.Failed(MemoryDevice it) ->
          Optional.of(new MemoryFault.RegionFailed(access, it));
      case Standing.Refused(MemoryDevice it, VcpuException reason) ->
          Optional.of(new MemoryFault.NotTaken(access, it, reason));
      case Standing.Mapped(MemoryDevice it) when access.store() && it.readOnly() ->
          Optional.of(new MemoryFault.StoredReadOnly(access, it));
      case Standing.Mapped(MemoryDevice it) -> lost(access, it);
    };
  }

  private Optional<VcpuExit> lost(Access access, MemoryDevice device) {
    try {
      // an access may reach into the next page
      memory.getByte(access.address());
      memory.getByte(access.address().plus(access.width() - 1));
      return Optional.empty();
    } catch (LostMemoryException e) {
      return Optional.of(new MemoryFault.PageLost(Optional.of(access), device));
    } catch (GuestMemoryException e) {
      return Optional.of(new MemoryFault.Unplugged(access, device.id())); // just now
    } catch (IllegalStateException e) {
      requireGone(device, e);
      return Optional.of(new MemoryFault.Unplugged(access, device.id())); // in this very access
    }
  }

  /** Throws {@code e}, which an access threw, unless it is for a device that has gone meanwhile. */
  private void requireGone(MemoryDevice device, IllegalStateException e) {
    if (isThere(device)) {
      throw e;
    }
  }

  private boolean isThere(MemoryDevice device) {
    return memory.find(device.address()).filter(it -> it == device).isPresent();
  }

  /**
   * Returns whether a device is being unplugged, and the engine still has it: what fails in it
   * meanwhile is told with its end.
   */
  public boolean isUnplugging() {
    return !follower.mapped().stream().allMatch(this::isThere);
  }

  /**
   * Returns the device that has lost pages at its end, as it has when its file was truncated: for
   * an engine that only knows that the host could not provide some page. Empty if each mapped
   * device still has its last page.
   */
  public Optional<MemoryFault> truncated() {
    for (MemoryDevice device : follower.mapped()) {
      try {
        memory.getByte(device.range().last());
      } catch (LostMemoryException e) {
        return Optional.of(new MemoryFault.PageLost(Optional.empty(), device));
      } catch (GuestMemoryException e) {
        // unplugged meanwhile
      } catch (IllegalStateException e) {
        requireGone(device, e);
      }
    }
    return Optional.empty();
  }
}
