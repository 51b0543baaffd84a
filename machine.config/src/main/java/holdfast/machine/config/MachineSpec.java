package holdfast.machine.config;

import holdfast.machine.config.options.ParsedObject;
import java.util.List;
import java.util.Optional;

/**
 * A requested machine: everything that {@code -machine}, {@code -m}, {@code -object} and {@code
 * -device} can say.
 *
 * @param machine the values of {@code -machine} and {@code -m}, of type {@link
 *     MachineDefinition#BOTH}
 * @param layout the emulator's own guest addresses, with which {@code type} and {@code x-ram-base}
 *     count for nothing, and {@code size} and {@code maxmem} are left out or the same; empty for
 *     those of the type
 * @param backends its memory backends, in the order in which they are opened
 * @param devices its devices, in the order in which they are plugged
 */
public record MachineSpec(
    ParsedObject machine,
    Optional<AddressLayout> layout,
    List<BackendSpec> backends,
    List<DeviceSpec> devices) {
  public MachineSpec {
    backends = List.copyOf(backends);
    devices = List.copyOf(devices);
  }

  /** A machine with the guest addresses of its type. */
  public MachineSpec(ParsedObject machine, List<BackendSpec> backends, List<DeviceSpec> devices) {
    this(machine, Optional.empty(), backends, devices);
  }

  /** Returns a copy with the emulator's own guest addresses. */
  public MachineSpec withLayout(AddressLayout own) {
    return new MachineSpec(machine, Optional.of(own), backends, devices);
  }
}
