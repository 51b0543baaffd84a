package holdfast.machine.api;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;

/** A region of plain native memory. */
record FakeRegion(BackendId id, MemorySegment segment) implements MemoryRegion {

  static FakeRegion of(String id, long size) {
    return new FakeRegion(new BackendId(id), Arena.ofAuto().allocate(size));
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
    return RegionState.ATTACHED;
  }

  @Override
  public Granularity persist(long offset, long length) {
    return Granularity.NONE;
  }
}
