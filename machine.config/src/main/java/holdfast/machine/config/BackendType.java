package holdfast.machine.config;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import java.nio.file.Path;
import java.util.Optional;

/** A type of memory backends: its properties, and what they ask for. */
sealed interface BackendType permits FileBackend, MemfdBackend, RamBackend {

  /** Returns the definition of its properties. */
  TypeDefinition definition();

  /**
   * Returns the block that an object of this type asks for.
   *
   * @param standard the advice for what the object leaves open
   * @throws OptionException if its properties contradict each other
   */
  RamBlockSpec spec(ParsedObject object, MemoryAdvice standard) throws OptionException;

  /** Returns the file to which the bytes are copied if the memory fails. */
  default Optional<Path> standby(ParsedObject object) {
    return Optional.empty();
  }
}
