package holdfast.machine.nvdimm;

import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The options of a machine with NVDIMMs, which is opened as a library. */
final class NvdimmMachine {
  static final int SIZE = 1 << 20;

  private final List<String> options =
      new ArrayList<>(List.of("-machine", "pc,nvdimm=on", "-m", "16M,slots=8,maxmem=1G"));
  private int devices;

  /** Plugs an nvdimm on plain memory in the next slot. */
  NvdimmMachine plain(String device) {
    return nvdimm("memory-backend-ram", device);
  }

  /** Plugs an nvdimm on a file in the next slot. */
  NvdimmMachine file(Path file, String device) {
    return nvdimm("memory-backend-file,share=on,mem-path=" + file, device);
  }

  private NvdimmMachine nvdimm(String object, String device) {
    return device(object, "nvdimm," + device);
  }

  /** Plugs a device in the next slot. */
  NvdimmMachine device(String object, String device) {
    String id = "" + devices++;
    String[] parts = object.split(",", 2);
    String more = parts.length == 1 ? "" : "," + parts[1];
    options.addAll(List.of("-object", parts[0] + ",id=m" + id + ",size=1M" + more));
    options.addAll(
        List.of(
            "-device",
            device + (device.endsWith(",") ? "" : ",") + "id=nv" + id + ",memdev=m" + id));
    return this;
  }

  Holdfast open() throws MachineException {
    return Holdfast.open(options.toArray(String[]::new));
  }

  static MemoryDevice find(Holdfast machine, String id) {
    return machine.memory().devices().stream()
        .filter(device -> device.id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
