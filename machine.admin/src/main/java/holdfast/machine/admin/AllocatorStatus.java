package holdfast.machine.admin;

import java.util.Map;

/**
 * An allocator that is there now.
 *
 * @param kind what it makes blocks on, such as {@code file} or {@code dax}
 * @param ranking the higher one is preferred (OSGi Core 5.2.5)
 * @param properties its service properties, to which filters apply
 */
public record AllocatorStatus(String kind, int ranking, Map<String, Object> properties) {
  public AllocatorStatus {
    properties = Map.copyOf(properties);
  }
}
