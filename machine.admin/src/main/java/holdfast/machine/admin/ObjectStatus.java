package holdfast.machine.admin;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.RegionState;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A memory backend at one moment.
 *
 * @param id its id
 * @param type its type, such as {@code memory-backend-file}
 * @param implicit whether it was not asked for: the base RAM of a machine that names no backend for
 *     it
 * @param backing where its bytes live
 * @param size how many bytes it has
 * @param align the alignment of its host address
 * @param pageSize the size of its pages
 * @param hostAddress the host address of its first byte
 * @param requested the flags that were asked for
 * @param obtained the flags that are in force
 * @param durability how durable persisted ranges are, and why
 * @param evidence what that rests on, as it is observed at this moment
 * @param state how it is served
 * @param allocator the kind of the allocator that serves it; empty if it is detached
 * @param note why it is detached or has failed, or why a better allocator does not serve it; empty
 *     if there is nothing to add
 * @param filter which allocators may serve it, as an operator writes it; empty for any
 * @param rescue what became of its content when it failed; empty if it has not
 * @param devices the ids of the devices on it
 * @param properties the properties that are in force, in the order of its type
 */
public record ObjectStatus(
    String id,
    String type,
    boolean implicit,
    Backing backing,
    ByteSize size,
    Alignment align,
    ByteSize pageSize,
    long hostAddress,
    EnumSet<RamFlag> requested,
    EnumSet<RamFlag> obtained,
    Durability durability,
    Evidence evidence,
    RegionState state,
    String allocator,
    String note,
    String filter,
    String rescue,
    List<String> devices,
    SequencedMap<String, String> properties) {
  public ObjectStatus {
    requested = EnumSet.copyOf(requested);
    obtained = EnumSet.copyOf(obtained);
    devices = List.copyOf(devices);
    properties = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(properties));
  }

  /** Returns a copy of the flags that were asked for. */
  @Override
  public EnumSet<RamFlag> requested() {
    return EnumSet.copyOf(requested);
  }

  /** Returns a copy of the flags that are in force. */
  @Override
  public EnumSet<RamFlag> obtained() {
    return EnumSet.copyOf(obtained);
  }

  /** Returns the path that it was opened by, if it is on a file or device. */
  public Optional<Path> path() {
    return backing instanceof Backing.File file ? Optional.of(file.path()) : Optional.empty();
  }
}
