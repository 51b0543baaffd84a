package holdfast.machine.core.internal.guest;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** A region that keeps a list of what was persisted. Its memory is touched only where accessed. */
final class FakeRegion implements MemoryRegion {
  private final BackendId id;
  private final MemorySegment segment;
  private final Alignment align;
  private final EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
  private Granularity granularity = Granularity.PAGE;
  private boolean forgetful;
  final List<String> persisted = new ArrayList<>();

  FakeRegion(String id, MemorySegment segment, long align) {
    this.id = new BackendId(id);
    this.segment = segment;
    this.align = new Alignment(align);
  }

  /** Memory of the Java heap, for small regions. */
  static FakeRegion ofHeap(String id, int size) {
    return new FakeRegion(id, MemorySegment.ofArray(new byte[size]), 1);
  }

  /**
   * Addresses without memory, for regions of any size whose bytes are not accessed: they would be a
   * fault.
   */
  @SuppressWarnings("restricted")
  static FakeRegion withoutBytes(String id, ByteSize size, long align) {
    return new FakeRegion(id, MemorySegment.NULL.reinterpret(size.bytes()), align);
  }

  /** For memory that no access to can fail. */
  static boolean neverLost(MemoryRegion region, long offset, long length, boolean stored) {
    throw new AssertionError("an access to " + region.id() + " has failed");
  }

  FakeRegion with(RamFlag flag) {
    flags.add(flag);
    return this;
  }

  FakeRegion with(Granularity held) {
    granularity = held;
    return this;
  }

  /** Keeps no list of what is persisted. */
  FakeRegion forgetful() {
    forgetful = true;
    return this;
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
    return align;
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    return EnumSet.copyOf(flags);
  }

  @Override
  public Durability durability() {
    return new Durability(granularity, granularity, "a fake", new Evidence("", "", "", ""));
  }

  @Override
  public RegionState state() {
    return RegionState.ATTACHED;
  }

  @Override
  public Granularity persist(long offset, long length) {
    if (!forgetful) {
      persisted.add(offset + "+" + length);
    }
    return granularity;
  }
}
