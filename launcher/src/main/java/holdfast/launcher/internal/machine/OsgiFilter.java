package holdfast.launcher.internal.machine;

import holdfast.machine.config.AllocatorFilter;
import java.util.Map;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;

/**
 * A filter on allocators in OSGi's syntax (OSGi Core 3.2.7), such as {@code (backend.kind=file)}.
 */
public record OsgiFilter(Filter filter) implements AllocatorFilter {

  /**
   * Parses a filter.
   *
   * @throws InvalidSyntaxException if {@code text} is not a filter
   */
  public static OsgiFilter parse(String text) throws InvalidSyntaxException {
    return new OsgiFilter(FrameworkUtil.createFilter(text));
  }

  @Override
  public boolean matches(Map<String, ?> properties) {
    return filter.matches(properties);
  }

  @Override
  public String text() {
    return filter.toString();
  }
}
