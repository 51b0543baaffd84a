package holdfast.monitor.health.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.ObjectStatus;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.Result;

/** Looks at each memory backend of a machine that is up. */
final class Objects {
  private Objects() {}

  /** Looks at one memory backend. */
  interface Look {
    /** Writes what is to be said of it. */
    void at(ObjectStatus object, FormattingResultLog log);
  }

  /**
   * Returns what was said of all.
   *
   * @param well what is said if nothing was
   */
  static Result checked(MachineAdmin admin, String well, Look look) {
    FormattingResultLog log = new FormattingResultLog();
    try {
      admin.objects().forEach(object -> look.at(object, log));
    } catch (MachineNotUpException e) {
      log.info("there is nothing to look at: {}", e.getMessage());
    }
    if (!log.iterator().hasNext()) {
      log.info("{}", well);
    }
    return new Result(log);
  }

  /** Returns the words that name a memory backend. */
  static String name(ObjectStatus object) {
    return "memory backend '" + object.id() + "' on " + object.backing();
  }
}
