package holdfast.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs measurements by name, or all of them. */
public final class Measurements {
  private static final Map<String, Measurement> ALL = new LinkedHashMap<>();

  static {
    ALL.put("remap", Remap::main);
    ALL.put("swap", Swap::main);
    ALL.put("tracking", Tracking::main);
    ALL.put("persist", Persist::main);
  }

  /** Measures and prints. */
  private interface Measurement {
    void run() throws Exception;
  }

  private Measurements() {}

  /**
   * @param names which; none for all
   */
  public static void main(String[] names) throws Exception {
    for (String name : names.length == 0 ? ALL.keySet() : List.of(names)) {
      Measurement measurement = ALL.get(name);
      if (measurement == null) {
        System.err.println(
            "holdfast: there is no measurement '" + name + "'; there are " + ALL.keySet());
        System.exit(1);
        return;
      }
      measurement.run();
    }
  }
}
