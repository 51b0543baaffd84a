package holdfast.machine.config;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;

/**
 * A requested memory backend of a machine.
 *
 * @param object its type and properties
 * @param allocator which allocators may make its block
 */
public record BackendSpec(ParsedObject object, AllocatorFilter allocator) {

  /** Creates a memory backend that any allocator may make. */
  public BackendSpec(ParsedObject object) {
    this(object, AllocatorFilter.ANY);
  }

  /** Returns the id, by which devices name it. */
  public String id() {
    return object.id().orElseThrow();
  }

  /**
   * Returns the block that it asks for.
   *
   * @param standard the advice for what the properties leave open
   * @throws OptionException if its properties contradict each other
   */
  public RamBlockSpec block(MemoryAdvice standard) throws OptionException {
    return BackendDefinitions.spec(object, standard);
  }
}
