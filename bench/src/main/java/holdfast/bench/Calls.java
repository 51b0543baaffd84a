package holdfast.bench;

import java.util.Collection;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * What one kind of call takes, by JMH: each run in a JVM of its own, warmed up. A part alternates
 * runs and rivals, so that both meet the same noise.
 */
final class Calls {
  private static final String ALLOCATED = "gc.alloc.rate.norm";

  private final Effort effort;
  private final Class<?> code;
  private final String method;
  private final Map<String, String> parameters;

  /** Nanoseconds per call. */
  final Sample time = new Sample();

  /** Bytes per call. */
  final Sample allocated = new Sample();

  /**
   * @param code has the method, and a field for each parameter
   */
  Calls(Effort effort, Class<?> code, String method, Map<String, String> parameters) {
    this.effort = effort;
    this.code = code;
    this.method = method;
    this.parameters = parameters;
  }

  /** Runs it once more, in a new JVM. */
  void run() throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + code.getName().replace(".", "\\.") + "\\." + method + "$")
            .forks(1)
            .warmupIterations(effort.of(3, 2))
            .warmupTime(TimeValue.milliseconds(effort.of(300, 100)))
            .measurementIterations(effort.of(5, 3))
            .measurementTime(TimeValue.milliseconds(effort.of(200, 75)))
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    parameters.forEach(options::param);
    Collection<RunResult> results = new Runner(options.build()).run();
    for (RunResult result : results) {
      result.getBenchmarkResults().stream()
          .flatMap(fork -> fork.getIterationResults().stream())
          .forEach(this::take);
    }
  }

  private void take(IterationResult iteration) {
    time.add(iteration.getPrimaryResult().getScore());
    Result<?> bytes = iteration.getSecondaryResults().get(ALLOCATED);
    if (bytes != null) {
      allocated.add(Math.rint(bytes.getScore())); // a little is the measurement's own
    }
  }
}
