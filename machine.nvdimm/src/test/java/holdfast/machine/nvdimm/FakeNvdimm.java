package holdfast.machine.nvdimm;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Optional;

/** An nvdimm in slot 0 whose memory a test has in its hands, the label at its end. */
final class FakeNvdimm implements MemoryDevice {
  static final int SIZE = 1 << 20;

  final MemorySegment bytes;
  private final long labelBytes;
  private final MemoryRegion region;
  volatile RegionState state = RegionState.ATTACHED;
  volatile boolean readOnly;

  /** Is run when an access that is allowed looks at the region, before it copies. */
  volatile Runnable beforeCopy = () -> {};

  /** What a persist does. */
  interface Persist {
    void range(long offset, long length) throws PersistException;
  }

  FakeNvdimm(MemorySegment bytes, long labelBytes, Persist persist) {
    this.bytes = bytes;
    this.labelBytes = labelBytes;
    this.region = new Region(persist);
  }

  /** On a real region. */
  FakeNvdimm(MemoryRegion region, long labelBytes) {
    this.bytes = region.segment();
    this.labelBytes = labelBytes;
    this.region = region;
  }

  FakeNvdimm(long labelBytes, Persist persist) {
    this(Arena.ofAuto().allocate(SIZE), labelBytes, persist);
  }

  LabelArea area() {
    return LabelArea.of(this).orElseThrow();
  }

  @Override
  public String id() {
    return "nv0";
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
    return new GuestAddress(1L << 32);
  }

  @Override
  public ByteSize size() {
    return new ByteSize(bytes.byteSize() - labelBytes & -4096);
  }

  @Override
  public MemorySegment segment() {
    return bytes.asSlice(0, size().bytes());
  }

  @Override
  public Optional<MemorySegment> label() {
    return labelBytes == 0
        ? Optional.empty()
        : Optional.of(bytes.asSlice(bytes.byteSize() - labelBytes));
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

  private final class Region implements MemoryRegion {
    private final Persist persist;

    Region(Persist persist) {
      this.persist = persist;
    }

    @Override
    public BackendId id() {
      return new BackendId("m0");
    }

    @Override
    public String backing() {
      return "/d/m0";
    }

    @Override
    public ByteSize size() {
      return new ByteSize(bytes.byteSize());
    }

    @Override
    public Alignment align() {
      return new Alignment(4096);
    }

    @Override
    public MemorySegment segment() {
      return bytes;
    }

    @Override
    public EnumSet<RamFlag> obtained() {
      return EnumSet.noneOf(RamFlag.class);
    }

    @Override
    public Durability durability() {
      return new Durability(
          Granularity.PAGE, Granularity.PAGE, "a test", new Evidence("", "", "", ""));
    }

    @Override
    public RegionState state() {
      beforeCopy.run();
      return state;
    }

    @Override
    public Granularity persist(long offset, long length) throws PersistException {
      persist.range(offset, length);
      return Granularity.PAGE;
    }
  }
}
