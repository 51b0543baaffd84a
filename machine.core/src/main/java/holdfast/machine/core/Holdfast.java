package holdfast.machine.core;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.options.OptionException;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * A machine's memory as a library, without OSGi: opened from QEMU's options or a typed spec, and
 * closed when the emulator ends.
 *
 * <p>The allocators are those that {@link ServiceLoader} finds on the class path ({@code
 * holdfast.backend.file} and {@code holdfast.backend.dax} have one each); live swaps are found in
 * the same way ({@code holdfast.machine.swap}). Several machines can be open in one process.
 *
 * <p>Thread-safe.
 */
public final class Holdfast implements AutoCloseable {
  private final Machine machine;
  private final Optional<SwapProvider.MachineSwaps> swaps;
  private final AdminEvents events = new AdminEvents();
  private final GuestControls controls = new GuestControls();
  private final DeviceStates states = new DeviceStates();
  private final MachineAdmin admin;

  private Holdfast(
      Machine machine,
      Optional<SwapProvider.MachineSwaps> swaps,
      Optional<MigrationProvider> migration) {
    this.machine = machine;
    this.swaps = swaps;
    Optional<MigrationAdmin> migrations =
        swaps.flatMap(
            writers -> migration.map(provider -> provider.open(machine, writers, states, events)));
    this.admin =
        new MachineOperations(machine, swaps, migrations, KindFilter::read, controls, events);
  }

  /**
   * Opens the machine that options describe, such as {@code "-m", "1G", "-object",
   * "memory-backend-file,id=nv,size=64M,mem-path=nv.img,share=on"}.
   *
   * @param options {@code -machine}, {@code -m}, {@code -numa}, {@code -incoming}, {@code -object}
   *     and {@code -device}, each followed by its value
   * @throws MachineException if the machine can't be opened; nothing is left behind. The message is
   *     one sentence
   */
  public static Holdfast open(String... options) throws MachineException {
    try {
      return open(read(options));
    } catch (OptionException e) {
      throw new MachineException(e);
    }
  }

  private static MachineSpec read(String... options) throws OptionException {
    MachineOptions read = new MachineOptions();
    for (int at = 0; at < options.length; at += 2) {
      if (!MachineOptions.isOne(options[at])) {
        throw new OptionException(
            "there is no option "
                + options[at]
                + " of a machine: there are -machine, -m, -numa, -incoming, -object and -device");
      }
      if (at + 1 == options.length) {
        throw new OptionException(options[at] + " needs a value: give it behind the option");
      }
      if (read.read(options[at], options[at + 1]).isPresent()) {
        throw new OptionException(
            options[at] + " " + options[at + 1] + " asks for help, and describes no machine");
      }
    }
    return read.spec();
  }

  /**
   * Opens a machine.
   *
   * @throws MachineException if the machine can't be opened; nothing is left behind. The message is
   *     one sentence
   */
  public static Holdfast open(MachineSpec spec) throws MachineException {
    ClassLoader loader = Holdfast.class.getClassLoader();
    Candidates candidates = new Candidates();
    ServiceLoader.load(RamBlockAllocator.class, loader).forEach(candidates::add);
    Optional<SwapProvider> provider = ServiceLoader.load(SwapProvider.class, loader).findFirst();
    Optional<MigrationProvider> migration =
        ServiceLoader.load(MigrationProvider.class, loader).findFirst();
    boolean incoming = MachineDefinition.incoming(spec.machine()).isPresent();
    ImageCheck images =
        provider
            .map(SwapProvider::imageCheck)
            .orElse(ImageCheck.NONE)
            .and(migration.map(found -> found.imageCheck(incoming)).orElse(ImageCheck.NONE));
    Machine machine = Machine.open(spec, candidates, images, inheritance(spec, migration));
    Holdfast opened;
    try {
      opened = new Holdfast(machine, provider.map(found -> found.open(machine)), migration);
    } catch (RuntimeException | Error e) {
      machine.close();
      throw e;
    }
    opened.awaitGuest();
    return opened;
  }

  private static Inheritance inheritance(MachineSpec spec, Optional<MigrationProvider> migration)
      throws MachineException {
    if (migration.isEmpty()) {
      return Inheritance.NONE;
    }
    try {
      return migration.get().inheritance(spec);
    } catch (AdminException e) {
      throw new MachineException(e);
    }
  }

  /** Begins to wait for the guest, if it is not here from the start. */
  private void awaitGuest() throws MachineException {
    Optional<String> from = machine.incoming();
    if (from.isEmpty()) {
      return;
    }
    try {
      if (swaps.isPresent()) {
        swaps.get().stop(); // those that come later, too
      }
      if (!from.get().equals(MachineDefinition.DEFER)) {
        admin.migration().listen(from.get());
      }
    } catch (AdminException | MachineBusyException e) {
      machine.discard();
      throw new MachineException(e);
    }
  }

  /** Returns the guest's memory. */
  public GuestMemory memory() {
    return machine.memory();
  }

  /** Returns what was asked for with {@code -machine nvdimm-persistence=}; empty if nothing was. */
  public Optional<NvdimmPersistence> nvdimmPersistence() {
    return machine.layout().persistence();
  }

  /** Returns the region of the memory backend with this id, if there is one. */
  public Optional<MemoryRegion> region(String id) {
    return machine.find(id).map(Backend::region);
  }

  /**
   * Returns the operator's service: what there is, and what can be changed while the machine is
   * open. Memory backends and devices can be added and removed.
   */
  public MachineAdmin admin() {
    return admin;
  }

  /**
   * Returns the live swaps of the regions.
   *
   * @throws IllegalStateException if {@code holdfast.machine.swap} is not on the class path
   */
  public LiveSwap swaps() {
    return provided();
  }

  /**
   * Registers a writer, which stores into guest memory on its own initiative: from now on it is
   * paused for the last step of a swap. It may store when this returns.
   *
   * @throws IllegalStateException if {@code holdfast.machine.swap} is not on the class path
   */
  public void addWriter(GuestWriter writer) {
    provided().addWriter(writer);
  }

  /**
   * Unregisters a writer that no longer stores.
   *
   * @throws IllegalStateException if {@code holdfast.machine.swap} is not on the class path
   */
  public void removeWriter(GuestWriter writer) {
    provided().removeWriter(writer);
  }

  /** Registers one who can ask the guest for a device, reset it and ask it to shut down. */
  public void addGuestControl(GuestControl control) {
    controls.add(control);
  }

  /**
   * Unregisters one who could ask the guest. What it was asked for, the guest may still give up.
   */
  public void removeGuestControl(GuestControl control) {
    controls.remove(control);
  }

  /** Adds a part of the emulator whose state goes with the guest when it migrates. */
  public void addDeviceState(DeviceState state) {
    states.add(state);
  }

  /** Removes a part of the emulator. */
  public void removeDeviceState(DeviceState state) {
    states.remove(state);
  }

  private SwapProvider.MachineSwaps provided() {
    return swaps.orElseThrow(
        () -> new IllegalStateException("holdfast.machine.swap is not on the class path"));
  }

  /**
   * Ends the machine: rolls its swaps back, removes its devices, which listeners then give up, and
   * unmaps its memory. Every later access throws. Does nothing if the machine has already ended.
   */
  @Override
  public void close() {
    if (machine.close()) {
      events.publish(new AdminEvent.StatusChanged(admin.status()));
      events.close();
    }
  }
}
