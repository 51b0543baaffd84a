package holdfast.bench;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import java.util.ArrayList;
import java.util.List;

/** A machine without a framework around it. */
final class BareMachine {
  private static final long ABOVE_BASE_RAM = 1L << 32;

  private BareMachine() {}

  /** Opens a machine with 1 MiB of base RAM, whose blocks one allocator makes. */
  static Machine open(RamBlockAllocator allocator, List<String> options) throws Exception {
    MachineOptions read = new MachineOptions();
    read.read("-machine", "pc,nvdimm=on");
    read.read("-m", "1M,slots=256,maxmem=1T");
    for (int at = 0; at < options.size(); at += 2) {
      read.read(options.get(at), options.get(at + 1));
    }
    Candidates candidates = new Candidates();
    candidates.add(allocator);
    return Machine.open(read.spec(), candidates, ImageCheck.NONE);
  }

  /**
   * Opens a machine with nvdimms of shared memory.
   *
   * @param size that of each, in bytes
   */
  static Machine withDevices(int count, long size) throws Exception {
    List<String> options = new ArrayList<>();
    for (int number = 0; number < count; number++) {
      options.add("-object");
      options.add("memory-backend-memfd,id=m" + number + ",share=on,size=" + size + "B");
    }
    for (int number = 0; number < count; number++) {
      options.add("-device");
      options.add("nvdimm,id=nv" + number + ",memdev=m" + number);
    }
    return open(Place.ALLOCATOR, options);
  }

  /** Returns the devices that aren't base RAM, in the order of their addresses. */
  static List<MemoryDevice> devices(GuestMemory memory) {
    return memory.devices().stream()
        .filter(device -> device.address().value() >= ABOVE_BASE_RAM)
        .toList();
  }

  /**
   * Returns how far the devices' addresses lie apart.
   *
   * @throws IllegalStateException if not all equally far
   */
  static long distance(GuestMemory memory) {
    List<MemoryDevice> devices = devices(memory);
    if (devices.size() < 2) {
      return 0;
    }
    long distance = devices.get(1).address().offsetFrom(devices.get(0).address());
    for (int number = 0; number < devices.size(); number++) {
      if (devices.get(number).address().offsetFrom(devices.getFirst().address())
          != number * distance) {
        throw new IllegalStateException("the devices don't lie equally far apart");
      }
    }
    return distance;
  }
}
