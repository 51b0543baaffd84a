package holdfast.machine.copy;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;

/** A region without memory, for which writers are paused. */
record NamedRegion(BackendId id) implements MemoryRegion {

  NamedRegion(String id) {
    this(new BackendId(id));
  }

  @Override
  public String backing() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public ByteSize size() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public Alignment align() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public MemorySegment segment() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public EnumSet<RamFlag> obtained() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public Durability durability() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public RegionState state() {
    throw new UnsupportedOperationException("it has no memory");
  }

  @Override
  public Granularity persist(long offset, long length) {
    throw new UnsupportedOperationException("it has no memory");
  }
}
