package holdfast.machine.admin;

import holdfast.backend.api.Granularity;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The operator's service: the one machine of a process (of a {@code Holdfast} where it is a
 * library), as every door sees and changes it.
 *
 * <p>Properties are QEMU's, and their values texts as on the command line: {@code size=64M}. What
 * is changed here is stored in the configurations that the machine is made of, if there are any;
 * the answer says if it isn't ({@link Retention}).
 *
 * <p>Thread-safe. Every call ends: where it waits for somebody else, it does so for a limited time
 * and then throws {@link BusyException}. None may be called by a {@link
 * holdfast.machine.api.GuestMemoryListener}, for which a change of the machine waits.
 */
@ProviderType
public interface MachineAdmin {

  /** Returns the state of the machine. */
  MachineStatus status();

  /**
   * Returns what the machine is, since when it is in its state, and by which doors it is reached.
   */
  MachineSummary summary();

  /**
   * Returns the memory backends in the order in which they were opened; implicit base RAM comes
   * last at the start.
   */
  List<ObjectStatus> objects() throws MachineNotUpException;

  /** Returns the memory backend with this id. */
  ObjectStatus object(String id) throws MachineNotUpException, NoSuchObjectException;

  /**
   * Returns what was counted of each memory backend, in the order of {@link #objects}. Cheap: the
   * host is not asked.
   */
  List<ObjectCounters> counters() throws MachineNotUpException;

  /** Returns the devices in the order of their guest addresses, base RAM among them. */
  List<DeviceStatus> devices() throws MachineNotUpException;

  /** Returns the device with this id. */
  DeviceStatus device(String id) throws MachineNotUpException, NoSuchDeviceException;

  /** Returns the allocators that are there now, the best first. */
  List<AllocatorStatus> allocators() throws MachineNotUpException;

  /**
   * Returns the options of a command line that bring up this machine as it is now, each followed by
   * its value: with what was added, plugged, changed and swapped since it came up, and without what
   * was removed. Which allocators may be used, an emulator's own guest addresses and monitors are
   * not among them.
   */
  List<String> options() throws MachineNotUpException;

  /**
   * Writes the configuration files that bring up this machine as it is now, as Felix File Install
   * reads them: what {@link #options} tells, and which allocators may be used. All of them are
   * there, on disk, when this returns; if it fails, none is. Only the owner can read them.
   *
   * @param folder it must not exist, and its parent must; a relative one begins in the working
   *     folder of this process, as all files that are named to a machine do
   * @return the files' names, that of the machine's own last
   * @throws RefusedException if {@code folder} exists, its parent does not, it is not where files
   *     may be named, or a value can't stand in such a file
   * @throws HostException if the files can't be written
   */
  List<String> writeFiles(Path folder) throws AdminException;

  /**
   * Opens another memory backend, as {@code -object} does. No device is on it yet.
   *
   * @param type such as {@code memory-backend-file}
   * @param properties {@code id} and {@code size} among them
   * @throws InvalidRequestException if type or properties have a mistake
   * @throws DuplicateIdException if another memory backend has the id
   * @throws RefusedException if no allocator takes it, or its file must not be used
   * @throws HostException if the host can't provide it; nothing is left behind
   * @throws BusyException if another change does not end
   */
  Added<ObjectStatus> addObject(String type, Map<String, String> properties) throws AdminException;

  /**
   * Closes a memory backend on which no device is: as at an orderly end, its file stays, unless
   * {@code discard-data=on}. When this returns, mapping, descriptor and lock are gone. Only while a
   * listener of the guest memory hangs that has not given up a device on it do they stay, until
   * that listener returns.
   *
   * <p>A configuration that declares it is deleted; so is the file that an installer made that of.
   *
   * @throws ObjectInUseException if a device, or base RAM, is on it
   * @throws BusyException if it is being swapped, or changed by another caller
   */
  Retention removeObject(String id) throws AdminException;

  /**
   * Plugs a device, as {@code -device} does. The emulator tells the guest of it: it hears of the
   * device as a {@link holdfast.machine.api.GuestMemoryListener}.
   *
   * @param driver {@code pc-dimm} or {@code nvdimm}
   * @param properties {@code memdev} among them
   * @throws InvalidRequestException if driver or properties have a mistake
   * @throws DuplicateIdException if another device has the id
   * @throws NoSuchObjectException if there is no such memory backend
   * @throws RefusedException if there is no place for it, or its backend is in use
   */
  Added<DeviceStatus> plug(String driver, Map<String, String> properties) throws AdminException;

  /**
   * Asks the guest to give up a device, and unplugs it when it has. Where no emulator has
   * registered a {@link holdfast.machine.api.GuestControl}, nobody can ask the guest: then the
   * device is unplugged before this returns. Its memory backend stays.
   *
   * @return the request, which was given to the emulator and may be answered later, or never; if
   *     the guest has already been asked, it is asked again, and this is the same request
   * @throws NoSuchDeviceException if there is none
   * @throws RefusedException if it is base RAM, or the emulator can't ask
   * @throws BusyException if the emulator does not return from being asked
   */
  Unplugging requestUnplug(String id) throws AdminException;

  /**
   * Unplugs a device at once, without asking the guest: stop its use of it first. Its memory
   * backend stays. Accesses that are under way may fail; later ones find no memory there.
   *
   * @throws NoSuchDeviceException if there is none
   * @throws RefusedException if it is base RAM
   */
  Retention unplug(String id) throws AdminException;

  /**
   * Changes a property of a memory backend while it is in use.
   *
   * @throws InvalidRequestException if there is no such property, it can't be changed in use, or it
   *     can't have that value
   * @throws BusyException if it is being swapped, or changed by another caller
   * @throws HostException if the host can't make all pages present
   */
  PropertyChange set(String id, String property, String value) throws AdminException;

  /**
   * Chooses which allocators may serve a memory backend. Before this returns, the best of them
   * re-maps it if it can.
   *
   * @param filter {@code *} for any, a kind such as {@code file}, or an OSGi filter on the service
   *     properties of allocators
   * @throws RefusedException if no allocator that is there matches and takes it, or it has failed
   */
  Retention use(String id, String filter) throws AdminException;

  /**
   * Makes all earlier stores into a range survive a power cut, as far as the backend can.
   *
   * @param offset first byte, from 0
   * @param length number of bytes
   * @return the granularity that held; {@link Granularity#NONE} if nothing made it durable
   * @throws InvalidRequestException if the range is not within the backend
   * @throws HostException if the host can't persist it
   */
  Granularity persist(String id, long offset, long length) throws AdminException;

  /** Returns what a swap would do; see {@link holdfast.machine.api.LiveSwap#plan}. */
  SwapPlan planSwap(String id, Map<String, String> changes, SwapLimits limits)
      throws AdminException, SwapException;

  /** Starts a swap; see {@link holdfast.machine.api.LiveSwap#start}. */
  RunningSwap swap(String id, Map<String, String> changes, SwapLimits limits)
      throws AdminException, SwapException;

  /** Returns the swap of a memory backend that is under way, if there is one. */
  Optional<RunningSwap> runningSwap(String id) throws MachineNotUpException, NoSuchObjectException;

  /** Returns the ended swaps of a memory backend that are remembered, the latest first. */
  List<SwapReport> endedSwaps(String id) throws MachineNotUpException, NoSuchObjectException;

  /**
   * Copies everything that can still be read of a memory backend that has failed to a file, and a
   * list of the ranges that can't beside it, as happens by itself for one with {@code x-standby}.
   * Returns when that has begun; {@link ObjectStatus#rescue} says what became of it.
   *
   * @param standby a file that doesn't exist yet
   * @throws RefusedException if the memory backend has not failed: move it by a swap instead
   * @throws BusyException if it is being copied already
   */
  void evacuate(String id, Path standby) throws AdminException;

  /**
   * Pauses all guest writers until {@link #cont}; those that are registered meanwhile, too. Does
   * nothing if they are stopped. Swaps go on, and need no pause of their own then.
   *
   * @throws BusyException if a writer could not be paused in time; then all go on
   * @throws RefusedException if the guest is not here: {@link MachineStatus#ownership}
   */
  void stop() throws AdminException;

  /**
   * Resumes the guest writers. Does nothing if they are not stopped.
   *
   * @throws RefusedException if the guest is not here: {@link MachineStatus#ownership}
   */
  void cont() throws AdminException;

  /**
   * Starts the guest again, as a reset button does. Its memory stays as it is.
   *
   * @throws RefusedException if no emulator has registered a {@link
   *     holdfast.machine.api.GuestControl}, or it can't
   * @throws BusyException if the emulator does not return from it
   */
  void resetGuest() throws AdminException;

  /**
   * Asks the guest to shut down, as a power button does.
   *
   * @throws RefusedException if no emulator has registered a {@link
   *     holdfast.machine.api.GuestControl}, or it can't
   * @throws BusyException if the emulator does not return from it
   */
  void powerDownGuest() throws AdminException;

  /**
   * Ends the machine in order, and brings it up again as it is configured: files are closed and
   * opened again, {@link holdfast.machine.api.GuestMemory} is another one, and memory that is in no
   * file is gone, as after a power cut. Swaps under way are rolled back. Where it isn't up, it is
   * tried again.
   *
   * @return the status after it, with the reason if it isn't up; nothing is open then
   * @throws RefusedException if nothing was ended: it is a library's, its guest is on the move, it
   *     would wait for a guest again, or its configurations can't be read
   * @throws BusyException if it does not end; it may still be done
   */
  MachineStatus restart() throws AdminException;

  /**
   * Returns the migrations of this machine.
   *
   * @throws RefusedException if this program has no migration
   */
  MigrationAdmin migration() throws MachineNotUpException, RefusedException;

  /**
   * Registers a listener for all events from now on.
   *
   * @return closed to receive no more: when that returns no call is under way, except one that has
   *     taken 10 s already, or that closes it itself
   */
  Subscription subscribe(AdminListener listener);

  /** Returns the number of the latest event; 0 before the first. */
  long lastEvent();

  /** The registration of a listener. */
  @ProviderType
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }
}
