package holdfast.machine.core;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.admin.AllocatorStatus;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An allocator service that is registered now, with its service properties.
 *
 * @param allocator the service object
 * @param kind the kind of allocator, such as {@code dax}; read when it was registered, since later
 *     its bundle may be stopping
 * @param properties its properties, {@code service.id} among them
 */
public record Candidate(RamBlockAllocator allocator, String kind, Map<String, ?> properties) {
  /** From OSGi Core 5.2.5; declared here so that this package needs no framework classes. */
  static final String RANKING = "service.ranking";

  private static final String SERVICE_ID = "service.id";
  private static final Logger LOG = LoggerFactory.getLogger(Candidate.class);

  /**
   * Orders the best first: the highest ranking, then the service registered first (OSGi Core
   * 5.2.5).
   */
  static final Comparator<Candidate> ORDER =
      Comparator.comparingInt(Candidate::ranking)
          .reversed()
          .thenComparingLong(Candidate::serviceId);

  public Candidate {
    properties = Map.copyOf(properties);
  }

  /**
   * Returns the ranking, which is a number or its text: installers turn a line of a file into text.
   */
  int ranking() {
    Object ranking = properties.get(RANKING);
    try {
      return ranking == null ? 0 : Integer.parseInt(ranking.toString().strip());
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Returns what an operator sees of it. */
  AllocatorStatus status() {
    return new AllocatorStatus(kind, ranking(), Map.copyOf(properties));
  }

  private long serviceId() {
    return properties.get(SERVICE_ID) instanceof Long id ? id : Long.MAX_VALUE;
  }

  /**
   * Returns whether the allocator accepts such a block; false if its bundle stops during the call.
   */
  boolean accepts(RamBlockSpec spec) {
    try {
      return allocator.accepts(spec);
    } catch (RuntimeException | LinkageError e) {
      LOG.debug("{} is not asked for memory backend '{}'", this, spec.id(), e);
      return false;
    }
  }

  /** Returns whether both are the same service, even if its properties have changed. */
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
