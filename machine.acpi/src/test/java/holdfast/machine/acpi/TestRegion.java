package holdfast.machine.acpi;

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
import java.util.EnumSet;

/** A region of any size, which has no bytes: tables don't look at them. */
record TestRegion(BackendId id, ByteSize size) implements MemoryRegion {

  @Override
  public String backing() {
    return "nothing";
  }

  @Override
  public Alignment align() {
    return new Alignment(4096);
  }

  @Override
  public MemorySegment segment() {
    throw new UnsupportedOperationException("a table looked at memory");
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
