package holdfast.machine.core;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.config.AllocatorFilter;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A filter that accepts the allocators of one kind: all that can be asked for without a framework,
 * whose filters read every service property.
 *
 * @param kind such as {@code file}
 */
record KindFilter(String kind) implements AllocatorFilter {
  private static final Pattern SYNTAX =
      Pattern.compile("\\(" + Pattern.quote(RamBlockAllocator.BACKEND_KIND) + "=([^()*]+)\\)");

  /**
   * Reads the filter.
   *
   * @throws IllegalArgumentException if {@code text} is not {@code (backend.kind=KIND)}
   */
  static KindFilter read(String text) {
    Matcher read = SYNTAX.matcher(text);
    if (!read.matches()) {
      throw new IllegalArgumentException(text);
    }
    return new KindFilter(read.group(1));
  }

  @Override
  public boolean matches(Map<String, ?> properties) {
    return kind.equals(properties.get(RamBlockAllocator.BACKEND_KIND));
  }

  @Override
  public String text() {
    return "(" + RamBlockAllocator.BACKEND_KIND + "=" + kind + ")";
  }
}
