package holdfast.launcher.internal.region;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockSpec;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;

/**
 * An allocator service that is registered at the moment, with its service properties.
 *
 * @param allocator the service object
 * @param properties its properties, {@code service.id} among them
 */
public record Candidate(RamBlockAllocator allocator, Map<String, ?> properties) {

  /** Best first: the highest ranking, then the service registered first (OSGi Core 5.2.5). */
  static final Comparator<Candidate> ORDER =
      Comparator.comparingInt(Candidate::ranking)
          .reversed()
          .thenComparingLong(Candidate::serviceId);

  public Candidate {
    properties = Map.copyOf(properties);
  }

  int ranking() {
    return properties.get(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0;
  }

  private long serviceId() {
    return properties.get(Constants.SERVICE_ID) instanceof Long id ? id : Long.MAX_VALUE;
  }

  /** The kind of allocator, such as {@code dax}. */
  public String kind() {
    return allocator.kind();
  }

  boolean matches(Filter filter) {
    return filter.matches(properties);
  }

  boolean accepts(RamBlockSpec spec) {
    return allocator.accepts(spec);
  }

  /** Whether both are the same service, whatever its properties are by now. */
  @SuppressWarnings("ReferenceEquality") // a service object is itself
  boolean isSameServiceAs(Candidate other) {
    return allocator == other.allocator
        && Objects.equals(
            properties.get(Constants.SERVICE_ID), other.properties.get(Constants.SERVICE_ID));
  }

  @Override
  public String toString() {
    return kind() + " (ranking " + ranking() + ")";
  }
}
