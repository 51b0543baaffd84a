package holdfast.machine.core;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockSpec;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An allocator service that is registered at the moment, with its service properties.
 *
 * @param allocator the service object
 * @param kind the kind of allocator, such as {@code dax}; asked for when it was registered, since
 *     later its bundle can be going away
 * @param properties its properties, {@code service.id} among them
 */
public record Candidate(RamBlockAllocator allocator, String kind, Map<String, ?> properties) {
  /** As in the OSGi Core specification 5.2.5, without the framework's classes. */
  private static final String RANKING = "service.ranking";

  private static final String SERVICE_ID = "service.id";
  private static final Logger LOG = LoggerFactory.getLogger(Candidate.class);

  /** Best first: the highest ranking, then the service registered first (OSGi Core 5.2.5). */
  static final Comparator<Candidate> ORDER =
      Comparator.comparingInt(Candidate::ranking)
          .reversed()
          .thenComparingLong(Candidate::serviceId);

  public Candidate {
    properties = Map.copyOf(properties);
  }

  /** A number, or its text: what installers make of a line in a file. */
  int ranking() {
    Object ranking = properties.get(RANKING);
    try {
      return ranking == null ? 0 : Integer.parseInt(ranking.toString().strip());
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private long serviceId() {
    return properties.get(SERVICE_ID) instanceof Long id ? id : Long.MAX_VALUE;
  }

  /** Whether it takes such a block; not if its bundle is going away under the question. */
  boolean accepts(RamBlockSpec spec) {
    try {
      return allocator.accepts(spec);
    } catch (RuntimeException | LinkageError e) {
      LOG.debug("{} is not asked for memory backend '{}'", this, spec.id(), e);
      return false;
    }
  }

  /** Whether both are the same service, whatever its properties are by now. */
  @SuppressWarnings("ReferenceEquality") // a service object is itself
  boolean isSameServiceAs(Candidate other) {
    return allocator == other.allocator
        && Objects.equals(properties.get(SERVICE_ID), other.properties.get(SERVICE_ID));
  }

  @Override
  public String toString() {
    return kind + " (ranking " + ranking() + ")";
  }
}
