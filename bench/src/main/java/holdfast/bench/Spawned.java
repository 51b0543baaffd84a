package holdfast.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A whole process, run again and again: how long it takes, and what it uses. */
final class Spawned {
  private final String input;
  private final String until;
  private final List<String> command;

  /** Nanoseconds from its start until it was up; nothing if that was not asked for. */
  final Sample up = new Sample();

  /** Nanoseconds from its start to its end. */
  final Sample wall = new Sample();

  /** Nanoseconds of CPU. */
  final Sample cpu = new Sample();

  /** Bytes of resident memory at most. */
  final Sample peak = new Sample();

  private Spawned(String input, String until, List<String> command) {
    this.input = input;
    this.until = until;
    this.command = command;
  }

  /** A process that ends by itself. */
  static Spawned toItsEnd(List<String> command) {
    return new Spawned("/dev/null", "-", command);
  }

  /** A process that ends by itself when it has read its input. */
  static Spawned reading(Path input, List<String> command) {
    return new Spawned(input.toString(), "-", command);
  }

  /** A process that is told to end when it has mapped a file. */
  static Spawned untilMapped(Path file, List<String> command) {
    return new Spawned("/dev/null", file.toString(), command);
  }

  /** Forgets what was measured, which was not warm. */
  void forget() {
    up.clear();
    wall.clear();
    cpu.clear();
    peak.clear();
  }

  /** Runs it once more. */
  void run() throws Exception {
    List<Object> arguments = new ArrayList<>(List.of(input, until));
    arguments.addAll(command);
    Map<String, List<Double>> numbers = new Rival("spawn").run(arguments.toArray());
    up.addAll(numbers.getOrDefault("up", List.of()));
    wall.addAll(numbers.getOrDefault("wall", List.of()));
    cpu.addAll(numbers.getOrDefault("cpu", List.of()));
    peak.addAll(numbers.getOrDefault("peak", List.of()));
  }

  /** Returns the CPU time of each of so many more, run by run. */
  static Sample each(Spawned less, Spawned more, int difference) {
    return more.cpu.minus(less.cpu, 1.0 / difference);
  }
}
