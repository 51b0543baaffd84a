package holdfast.machine.core.internal.guest;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.options.OnOffAuto;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A plugged device or base RAM, at its place in guest memory. */
final class GuestDevice implements MemoryDevice {
  private final String id;
  private final DeviceKind driver;
  private final MemoryRegion region;
  private final long regionOffset;
  private final GuestRange range;
  private final ByteSize size;
  private final MemorySegment segment;
  private final MemorySegment label;
  private final int slot;
  private final int node;
  private final OnOffAuto unarmed;
  private final Granularity guestDoes;
  private final boolean readOnly;
  private final boolean hotplugged;

  private GuestDevice(
      String id,
      DeviceKind driver,
      MemoryRegion region,
      long regionOffset,
      GuestAddress address,
      DeviceGeometry geometry,
      int slot,
      int node,
      OnOffAuto unarmed,
      Granularity guestDoes,
      boolean hotplugged) {
    this.id = id;
    this.driver = driver;
    this.region = region;
    this.regionOffset = regionOffset;
    this.size = geometry.guest();
    this.range = GuestRange.of(address, size);
    this.slot = slot;
    this.node = node;
    this.unarmed = unarmed;
    this.guestDoes = guestDoes;
    this.hotplugged = hotplugged;
    this.readOnly = region.obtained().contains(RamFlag.RAM_READONLY);
    // A store into a read-only mapping would raise SIGSEGV, which ends the JVM; into a read-only
    // segment it throws an exception.
    MemorySegment all = readOnly ? region.segment().asReadOnly() : region.segment();
    this.segment = all.asSlice(regionOffset, size.bytes());
    this.label = all.asSlice(region.size().bytes() - geometry.label().bytes());
  }

  /**
   * Returns a part of the base RAM: {@code size} bytes of {@code region}, starting at {@code
   * offset}.
   */
  static GuestDevice ram(
      String id, MemoryRegion region, long offset, ByteSize size, GuestAddress address) {
    DeviceGeometry geometry = new DeviceGeometry(size, ByteSize.ZERO, region.align());
    return new GuestDevice(
        id,
        DeviceKind.RAM,
        region,
        offset,
        address,
        geometry,
        -1,
        0,
        OnOffAuto.OFF,
        Granularity.NONE,
        false);
  }

  /**
   * Returns a device whose slot and address have been found.
   *
   * @param persistence what the guest is told of how far its stores have to go
   */
  static GuestDevice plugged(
      DeviceRequest request,
      MemoryRegion region,
      DeviceGeometry geometry,
      GuestAddress address,
      int slot,
      Optional<NvdimmPersistence> persistence) {
    String id = request.id() == null ? request.driver() + "[" + slot + "]" : request.id();
    return new GuestDevice(
        id,
        request.driver(),
        region,
        0,
        address,
        geometry,
        slot,
        Math.toIntExact(request.node()),
        request.unarmed(),
        persistence.equals(Optional.of(NvdimmPersistence.CPU))
            ? Granularity.BYTE // a guest that is told so flushes nothing
            : Granularity.CACHE_LINE,
        false);
  }

  /** Returns this device as one that is plugged while the machine is up. */
  GuestDevice whileUp() {
    DeviceGeometry geometry =
        new DeviceGeometry(size, new ByteSize(label.byteSize()), region.align());
    return new GuestDevice(
        id,
        driver,
        region,
        regionOffset,
        address(),
        geometry,
        slot,
        node,
        unarmed,
        guestDoes,
        true);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public DeviceKind driver() {
    return driver;
  }

  @Override
  public MemoryRegion region() {
    return region;
  }

  /** Returns the offset in {@link #region()} of the device's first byte. */
  long regionOffset() {
    return regionOffset;
  }

  @Override
  public GuestAddress address() {
    return range.first();
  }

  @Override
  public ByteSize size() {
    return size;
  }

  @Override
  public GuestRange range() {
    return range;
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public Optional<MemorySegment> label() {
    return label.byteSize() == 0 ? Optional.empty() : Optional.of(label);
  }

  @Override
  public int slot() {
    return slot;
  }

  @Override
  public int node() {
    return node;
  }

  @Override
  public boolean unarmed() {
    return switch (unarmed) {
      case ON -> true;
      case OFF -> false;
      case AUTO -> !keepsWhatTheGuestPersists();
    };
  }

  /** Returns whether a store is durable once the guest has done what it is told to do for that. */
  private boolean keepsWhatTheGuestPersists() {
    return region.state() != RegionState.FAILED
        && region.durability().obtained().compareTo(guestDoes) >= 0;
  }

  @Override
  public boolean readOnly() {
    return readOnly;
  }

  @Override
  public boolean hotplugged() {
    return hotplugged;
  }

  @Override
  public String toString() {
    return driver + " '" + id + "' at " + range;
  }
}
