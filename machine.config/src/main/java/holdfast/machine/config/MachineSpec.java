package holdfast.machine.config;

import holdfast.machine.config.options.ParsedObject;
import java.util.List;

/**
 * A requested machine: everything that {@code -machine}, {@code -m}, {@code -object} and {@code
 * -device} can say.
 *
 * @param machine the values of {@code -machine} and {@code -m}, of type {@link
 *     MachineDefinition#BOTH}
 * @param backends its memory backends, in the order in which they are opened
 * @param devices its devices, in the order in which they are plugged
 */
public record MachineSpec(
    ParsedObject machine, List<BackendSpec> backends, List<DeviceSpec> devices) {
  public MachineSpec {
    backends = List.copyOf(backends);
    devices = List.copyOf(devices);
  }
}
