package holdfast.ctl;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs an operator's commands, and shows what they answer. Used by one thread. */
final class Operator {
  /** The option of every command. */
  static final String JSON = "-json";

  /** QEMU's word for the end of the machine. */
  static final String QUIT = "quit";

  private static final String HELP = "help";

  /** A command's name, and the blanks up to what it is for. */
  private static final Pattern NAME = Pattern.compile("\\S+ +");

  private static final String ENDS = "ends the machine, as SIGTERM does";

  private static final Duration SHOW_EVERY = Duration.ofMillis(500);
  private static final Duration SHOW_FIRST = Duration.ofMillis(20);
  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  /**
   * Where a report says what of something that goes on.
   *
   * @param ended the member that says whether it has ended
   * @param outcome the member that says how
   * @param good what that says if all is well
   * @param text the member with a line for people
   */
  private record Members(String ended, String outcome, String good, String text) {}

  private static final Members SWAP = new Members("ended", "phase", "done", "text");
  private static final Members MIGRATION =
      new Members("x-holdfast-ended", "status", "completed", "x-holdfast-text");

  private final Connection connection;
  private final Screen screen;

  /** What goes on in the machine if nobody waits for it any more; empty if nothing does. */
  private volatile String awaited = "";

  private final String ctl;

  /**
   * @param ctl how a command for this machine is written, up to its first word
   */
  Operator(Connection connection, Screen screen, String ctl) {
    this.connection = connection;
    this.screen = screen;
    this.ctl = ctl;
  }

  /** Returns what goes on if nobody waits for it any more, as a sentence; empty if nothing does. */
  String awaited() {
    return awaited;
  }

  /**
   * Runs one command and waits for its end.
   *
   * @throws CtlException if it isn't done
   * @throws InterruptedException if nobody is to wait any longer
   */
  void run(List<String> given) throws CtlException, InterruptedException {
    List<String> words = new ArrayList<>(given);
    boolean json = words.removeIf(JSON::equals);
    awaited = "the machine goes on with the command; " + ctl + " status shows whether it is up";
    try {
      if (words.equals(List.of(QUIT))) {
        quit(json);
      } else if (!words.isEmpty() && words.getFirst().equals(QUIT)) {
        throw CtlException.refused("quit takes no arguments: write quit");
      } else if (words.equals(List.of(HELP, QUIT)) && !json) {
        screen.show("quit: " + ENDS + "; waits for its end, and takes no arguments");
      } else {
        String said = answer(words, json);
        if (words.equals(List.of(HELP)) && !json) {
          Matcher name = NAME.matcher(said);
          int width = name.lookingAt() ? name.end() : 0;
          // the monitor's own, and no command of the shell
          screen.show(QUIT + " ".repeat(Math.max(2, width - QUIT.length())) + ENDS);
        }
      }
      awaited = "";
    } catch (CtlException | RuntimeException e) {
      awaited = "";
      throw e;
    }
  }

  private void quit(boolean json) throws CtlException, InterruptedException {
    awaited = "the machine ends";
    Object result = connection.run(QUIT, Map.of());
    if (json) {
      screen.show(Connection.text(result));
    }
    if (!connection.awaitEnd(END_LIMIT)) {
      throw CtlException.unreachable(
          "the machine still ends after " + END_LIMIT.toSeconds() + " s; its log says why");
    }
  }

  /** Returns the text that was shown. */
  private String answer(List<String> words, boolean json)
      throws CtlException, InterruptedException {
    Object result = connection.run("x-holdfast-command", Map.of("words", words, "json", json));
    if (!(result instanceof Map<?, ?> answer)) {
      throw CtlException.refused(
          "the machine's answer can't be understood: is it of this version?");
    }
    boolean waits =
        answer.get("swap") instanceof Map<?, ?> || answer.get("migration") instanceof Map<?, ?>;
    if (json) {
      if (!waits) {
        screen.show(Connection.text(answer.get("value")));
      }
    } else if (answer.get("text") instanceof String text && !(waits && text.isEmpty())) {
      screen.show(text);
    }
    if (answer.get("swap") instanceof Map<?, ?> swap) {
      String id = "" + swap.get("id");
      awaited = swapGoesOn(id);
      follow(swap, SWAP, () -> report(id, swap.get("number")), json);
    }
    if (answer.get("migration") instanceof Map<?, ?> migration) {
      awaited =
          "the migration goes on; "
              + ctl
              + " migration shows how far it is, "
              + ctl
              + " migrate -cancel ends it";
      follow(migration, MIGRATION, this::migration, json);
    }
    return answer.get("text") instanceof String text ? text : "";
  }

  /** Asks how far something is. */
  private interface Report {
    Map<?, ?> ask() throws CtlException, InterruptedException;
  }

  private void follow(Map<?, ?> started, Members members, Report next, boolean json)
      throws CtlException, InterruptedException {
    Duration pause = SHOW_FIRST;
    Map<?, ?> report = started;
    try {
      while (!Boolean.TRUE.equals(report.get(members.ended()))) {
        if (!json) {
          screen.progress("" + report.get(members.text()));
        }
        Thread.sleep(pause);
        pause = pause.compareTo(SHOW_EVERY) < 0 ? pause.multipliedBy(2) : SHOW_EVERY;
        report = next.ask();
      }
    } catch (InterruptedException e) {
      screen.leaveProgress();
      throw e;
    }
    screen.endProgress();
    if (json) {
      screen.show(Connection.text(report));
    }
    if (!members.good().equals(report.get(members.outcome()))) {
      throw CtlException.refused("" + report.get(members.text()));
    }
    if (!json) {
      screen.show("" + report.get(members.text()));
    }
  }

  private String swapGoesOn(String id) {
    return "the swap goes on; "
        + ctl
        + " swaps "
        + Quoted.word(id)
        + " shows how far it is, "
        + ctl
        + " swap "
        + Quoted.word(id)
        + " -cancel ends it";
  }

  private Map<?, ?> migration() throws CtlException, InterruptedException {
    if (connection.run("query-migrate", Map.of()) instanceof Map<?, ?> report
        && report.get(MIGRATION.ended()) != null) {
      return report;
    }
    throw CtlException.refused("the machine no longer knows of its migration");
  }

  private Map<?, ?> report(String id, @Nullable Object number)
      throws CtlException, InterruptedException {
    Object result = connection.run("x-holdfast-query-swaps", Map.of("id", id));
    Map<?, ?> all = result instanceof Map<?, ?> map ? map : Map.of();
    Stream<Map<?, ?>> running =
        all.get("running") instanceof Map<?, ?> one ? Stream.of(one) : Stream.empty();
    return Stream.concat(running, Connection.maps(all.get("ended")).stream())
        .filter(one -> String.valueOf(one.get("number")).equals(String.valueOf(number)))
        .findFirst()
        .orElseThrow(
            () ->
                CtlException.refused(
                    "the machine no longer knows of swap " + number + " of '" + id + "'"));
  }
}
