package holdfast.machine.admin;

import org.osgi.annotation.versioning.ConsumerType;

/** Receives the events of a machine, one after the other and in their order. */
@FunctionalInterface
@ConsumerType
public interface AdminListener {
  /**
   * Called for each event, by one thread that is kept for this listener. A call that doesn't return
   * delays this listener's later events and nothing else. What it throws is logged.
   */
  void event(AdminEvent event);
}
