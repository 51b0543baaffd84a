package holdfast.launcher.internal.cli;

import holdfast.machine.config.options.Nearest;
import holdfast.monitor.shell.command.OperatorCommands;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Finds the command that was probably meant.
 *
 * @param commands the names of those that there are, with their scopes, such as {@code ram:list}
 */
record MeantCommand(Collection<String> commands) {
  private static final String RAM = "ram";

  /** Those of the machine come first, where another's is as near. */
  private static final List<String> OWN = List.of(RAM, "machine", "holdfast");

  /** Those whose commands nobody writes with their scopes. */
  private static final List<String> BARE = List.of("gogo", "holdfast");

  /**
   * Returns the command that is nearest to a wrong name, as it is written.
   *
   * @param wrong with a scope or without
   */
  Optional<String> by(String wrong) {
    int colon = wrong.indexOf(':');
    String scope = colon < 0 ? "" : wrong.substring(0, colon);
    String word = wrong.substring(colon + 1);
    if (scope.isEmpty() || scope.equals(RAM)) {
      Optional<String> other = OperatorCommands.meant(word);
      if (other.isPresent()) {
        return other.map(one -> RAM + ":" + one);
      }
    }
    SequencedMap<String, String> near = new LinkedHashMap<>();
    inOrder().stream()
        .filter(name -> scope.isEmpty() || scope(name).equals(scope))
        .forEach(name -> near.putIfAbsent(word(name), name));
    return near.isEmpty()
        ? Nearest.to(wrong, inOrder())
        : Nearest.to(word, near.keySet()).map(near::get).map(MeantCommand::written);
  }

  private List<String> inOrder() {
    return commands.stream()
        .sorted(
            Comparator.comparing((String name) -> !OWN.contains(scope(name)))
                .thenComparing(name -> name))
        .toList();
  }

  private static String written(String name) {
    return BARE.contains(scope(name)) ? word(name) : name;
  }

  private static String scope(String name) {
    return name.substring(0, Math.max(0, name.indexOf(':')));
  }

  private static String word(String name) {
    return name.substring(name.indexOf(':') + 1);
  }
}
