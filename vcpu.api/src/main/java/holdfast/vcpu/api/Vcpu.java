package holdfast.vcpu.api;

import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.GuestWriter;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A CPU of the guest. It runs the guest's code in the thread that calls {@link #run}; an emulator
 * gives each vCPU a platform thread of its own, which is in native code while the guest runs.
 *
 * <p>Thread-safe. {@link #run} is called by one thread at a time; from another one, while it is
 * under way, it throws {@link IllegalStateException}.
 */
@ProviderType
public interface Vcpu extends AutoCloseable {

  /**
   * Returns the name, such as {@code cpu0}: that of its {@link #writer} and of its {@link #state}.
   */
  String name();

  /**
   * Runs the guest's code until it needs something, and tells what. What an earlier exit asked for
   * and did not get has all bits set, as of an address where no device answers.
   *
   * <p>While the vCPU is paused this waits, outside the guest's code. If the calling thread is
   * interrupted ({@link Thread#interrupt}) meanwhile, or is when it calls, this returns {@link
   * VcpuExit.Interrupted}, and the thread stays interrupted. The guest's code itself is left for
   * {@link #interrupt} alone.
   *
   * @throws IllegalStateException if the vCPU is closed, or another thread runs it, or this is a
   *     virtual thread and the engine can't stop those (KVM)
   */
  VcpuExit run();

  /**
   * Makes the {@link #run} that is under way return {@link VcpuExit.Interrupted}, or else the next
   * one. Any thread may call it, any number of times; several before a return are one. Does nothing
   * if it is closed.
   */
  void interrupt();

  /**
   * Runs a device's stores into guest memory, in the calling thread: what an emulator does on
   * behalf of the guest between two {@link #run}s. It waits while the vCPU is paused; and no pause
   * begins while it runs. Must not be called within itself, and must not wait for something that
   * waits for a pause, such as the end of a swap.
   *
   * <p>Where it went is not known: a log that this vCPU's writer keeps tells of all memory then. So
   * say where, if the kernel may be unable to track ({@link #store(GuestRange, Runnable)}).
   *
   * @throws IllegalStateException if the vCPU is closed, or is while this waits; then nothing was
   *     stored
   */
  void store(Runnable stores);

  /**
   * Does as {@link #store(Runnable)}, for stores into one range of guest addresses alone.
   *
   * @param range where {@code stores} may store; more than it does is right, too
   */
  default void store(GuestRange range, Runnable stores) {
    store(stores);
  }

  /**
   * Returns the writer that pauses this vCPU: register it before the first {@link #run}, take it
   * away after the last. Its {@link GuestWriter#pause} makes the guest leave its code and returns
   * true when it has: from then on {@link #run} and {@link #store} wait, and the guest stores
   * nothing. From the exit of a {@link VcpuExit.PortRead} or {@link VcpuExit.MmioRead} to its
   * answer (or to the next {@link #run}, if there is none) the vCPU is within an instruction, and
   * the pause waits for that, too. It returns false when its limit has passed; then the guest goes
   * on. The pause of a closed vCPU is reached at once.
   */
  GuestWriter writer();

  /**
   * Returns the registers as a state that goes with the guest when it migrates. Its id is the
   * {@link #name}. What it holds is the engine's to say; another engine can't load it.
   */
  DeviceState state();

  /**
   * Makes a {@link #run} that is under way end with {@link VcpuExit.Interrupted}, waits for that,
   * for {@link #store}s and changes under way, and gives up what the engine holds for this vCPU.
   * Later calls that ask for something throw {@link IllegalStateException}, and so do answers to an
   * earlier exit; a writer that is still registered does no harm. Does nothing if it is closed.
   */
  @Override
  void close();
}
