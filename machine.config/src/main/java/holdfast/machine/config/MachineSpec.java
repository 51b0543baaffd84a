package holdfast.machine.config;

import holdfast.machine.config.options.ParsedObject;
import java.util.List;

/**
 * A machine that is to be: all that {@code -machine}, {@code -m}, {@code -object} and {@code
 * -device} can say.
 *
 * @param machine what {@code -machine} and {@code -m} say, of type {@link MachineDefinition#BOTH}
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
