package holdfast.vcpu.api.engine;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.UnmappedAddressException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Guest memory whose devices come, go and fail as a test says, in the test's thread. */
final class FakeMemory {
  private final List<GuestMemoryListener> listeners = new ArrayList<>();
  private final List<Device> devices = new ArrayList<>();

  /** The interface, of which listeners and single bytes are all that engines share needs. */
  GuestMemory memory() {
    return (GuestMemory)
        Proxy.newProxyInstance(
            GuestMemory.class.getClassLoader(),
            new Class<?>[] {GuestMemory.class},
            (_, method, args) ->
                switch (method.getName()) {
                  case "addListener" -> {
                    GuestMemoryListener listener = (GuestMemoryListener) args[0];
                    listeners.add(listener);
                    devices.forEach(listener::deviceAdded);
                    yield null;
                  }
                  case "removeListener" -> {
                    listeners.remove((GuestMemoryListener) args[0]);
                    yield null;
                  }
                  case "getByte" -> load((GuestAddress) args[0]);
                  case "find" -> find((GuestAddress) args[0]);
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private Optional<MemoryDevice> find(GuestAddress address) {
    return devices.stream()
        .filter(it -> it.range().contains(address))
        .map(MemoryDevice.class::cast)
        .findFirst();
  }

  private byte load(GuestAddress address) {
    for (Device device : devices) {
      if (device.range().contains(address)) {
        Runnable goes = device.goes;
        if (goes != null) {
          goes.run();
          throw new IllegalStateException("memory backend '" + device.id + "' is closed");
        }
        if (device.bytesLeft <= address.offsetFrom(device.address())) {
          fail(device);
          throw new LostMemoryException(address, 1, device, new InternalError());
        }
        return 0;
      }
    }
    throw new UnmappedAddressException(address, 1, address, null);
  }

  Device plug(String id, long address, long size, boolean readOnly) {
    Device device = new Device(id, new GuestAddress(address), new ByteSize(size), readOnly);
    devices.add(device);
    List.copyOf(listeners).forEach(listener -> listener.deviceAdded(device));
    return device;
  }

  void unplug(Device device) {
    devices.remove(device);
    List.copyOf(listeners).forEach(listener -> listener.deviceRemoved(device));
  }

  void fail(Device device) {
    device.region.state = RegionState.FAILED;
    List.copyOf(listeners).forEach(listener -> listener.regionChanged(device.region));
  }

  int listeners() {
    return listeners.size();
  }

  /** A device with a region of its own. */
  static final class Device implements MemoryDevice {
    private final String id;
    private final GuestAddress address;
    private final ByteSize size;
    private final boolean readOnly;
    private final Region region;
    private long bytesLeft;
    private @Nullable Runnable goes;

    Device(String id, GuestAddress address, ByteSize size, boolean readOnly) {
      this.id = id;
      this.address = address;
      this.size = size;
      this.readOnly = readOnly;
      this.region = new Region(id, size);
      this.bytesLeft = size.bytes();
    }

    /** The next access runs {@code meanwhile}, and fails since the memory was closed. */
    void goDuringAnAccess(Runnable meanwhile) {
      goes = meanwhile;
    }

    /** From now on what is behind {@code bytes} is lost. */
    void truncate(long bytes) {
      bytesLeft = bytes;
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public DeviceKind driver() {
      return DeviceKind.NVDIMM;
    }

    @Override
    public MemoryRegion region() {
      return region;
    }

    @Override
    public GuestAddress address() {
      return address;
    }

    @Override
    public ByteSize size() {
      return size;
    }

    @Override
    public MemorySegment segment() {
      return region.segment;
    }

    @Override
    public Optional<MemorySegment> label() {
      return Optional.empty();
    }

    @Override
    public int slot() {
      return 0;
    }

    @Override
    public int node() {
      return 0;
    }

    @Override
    public boolean unarmed() {
      return false;
    }

    @Override
    public boolean readOnly() {
      return readOnly;
    }

    @Override
    public boolean hotplugged() {
      return false;
    }
  }

  private static final class Region implements MemoryRegion {
    private final BackendId id;
    private final MemorySegment segment;
    private RegionState state = RegionState.ATTACHED;

    Region(String id, ByteSize size) {
      this.id = new BackendId(id);
      this.segment = Arena.ofAuto().allocate(size.bytes());
    }

    @Override
    public BackendId id() {
      return id;
    }

    @Override
    public String backing() {
      return "/d/" + id;
    }

    @Override
    public ByteSize size() {
      return new ByteSize(segment.byteSize());
    }

    @Override
    public Alignment align() {
      return new Alignment(1);
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public EnumSet<RamFlag> obtained() {
      return EnumSet.noneOf(RamFlag.class);
    }

    @Override
    public Durability durability() {
      return new Durability(
          Granularity.NONE, Granularity.NONE, "no file", new Evidence("", "", "", ""));
    }

    @Override
    public RegionState state() {
      return state;
    }

    @Override
    public Granularity persist(long offset, long length) {
      return Granularity.NONE;
    }
  }
}
