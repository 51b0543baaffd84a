package holdfast.machine.core;

import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.config.AllocatorFilter;
import org.osgi.annotation.versioning.ConsumerType;

/** Reads a filter on allocators in the syntax of OSGi (Core 3.2.7). */
@FunctionalInterface
@ConsumerType
public interface FilterReader {
  /**
   * Returns the filter.
   *
   * @throws IllegalArgumentException if {@code text} is none
   */
  AllocatorFilter read(String text);

  /**
   * Returns the filter that an operator writes: {@code *} for any, a kind such as {@code file}, or
   * one in OSGi's syntax.
   *
   * @throws InvalidRequestException if {@code text} is none of them
   */
  static AllocatorFilter read(FilterReader reader, String text) throws InvalidRequestException {
    if (text.equals("*")) {
      return AllocatorFilter.ANY;
    }
    if (text.isBlank()) {
      throw new InvalidRequestException(
          "an empty FILTER is none: write '*' for any allocator, a kind, such as file, or a filter,"
              + " such as '(backend.kind=file)'");
    }
    try {
      return reader.read(text.startsWith("(") ? text : "(backend.kind=" + text + ")");
    } catch (IllegalArgumentException e) {
      throw new InvalidRequestException(
          text + " is not an OSGi filter: write one in quotes, such as '(backend.kind=file)'");
    }
  }
}
