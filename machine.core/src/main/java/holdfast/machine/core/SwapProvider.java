package holdfast.machine.core;

import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.SwapReport;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Adds live swaps to a machine that {@link Holdfast} opens. Found by {@link
 * java.util.ServiceLoader}: {@code holdfast.machine.swap} provides one.
 */
@ProviderType
public interface SwapProvider {

  /** The swaps of one machine, and its guest writers. They end with it. */
  @ProviderType
  interface MachineSwaps extends LiveSwap {
    /**
     * Registers {@code writer}: from now on it is paused for the last step of a swap. It may store
     * when this returns.
     */
    void addWriter(GuestWriter writer);

    /** Unregisters {@code writer}, which no longer stores: it is no longer paused. */
    void removeWriter(GuestWriter writer);

    /**
     * Pauses all writers until {@link #cont}. Does nothing if they are stopped.
     *
     * @return false if they were stopped before
     * @throws MachineBusyException if a writer could not be paused in time; then all go on
     */
    boolean stop() throws MachineBusyException;

    /**
     * Resumes all writers.
     *
     * @return false if they were not stopped
     */
    boolean cont();

    /** Returns whether the writers are stopped. */
    boolean isStopped();

    /**
     * Starts to copy what can be read of a memory backend that has failed.
     *
     * @param standby a file that doesn't exist yet
     * @return false if it is being copied already
     */
    boolean evacuate(Backend backend, Path standby);

    /**
     * Adds a watcher of all swaps, called by their threads at each phase and round; it must not
     * block.
     *
     * @return removes it
     */
    Runnable watch(Consumer<SwapReport> watcher);
  }

  /** Returns the check that decides which files a machine can be started from. */
  ImageCheck imageCheck();

  /** Returns the swaps of an open machine. */
  MachineSwaps open(Machine machine);
}
