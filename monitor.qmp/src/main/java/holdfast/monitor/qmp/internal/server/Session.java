package holdfast.monitor.qmp.internal.server;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.config.options.Excerpt;
import holdfast.monitor.qmp.internal.command.CommandTable;
import holdfast.monitor.qmp.internal.command.QmpException;
import holdfast.monitor.qmp.internal.wire.JsonText;
import holdfast.monitor.qmp.internal.wire.JsonText.NotJsonException;
import holdfast.monitor.qmp.internal.wire.MessageScanner.Message;
import holdfast.monitor.qmp.internal.wire.MessageScanner.Refused;
import holdfast.monitor.qmp.internal.wire.MessageScanner.Scanned;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one client has agreed on, and the answers to what it says. A client first negotiates, and
 * until then can do nothing else and is told of no event.
 *
 * <p>Used by the client's thread.
 */
final class Session {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);
  private static final String NEGOTIATION = "qmp_capabilities";

  private final CommandTable commands;
  private final boolean wary;
  private boolean negotiated;
  private boolean hopeless;
  private boolean hears;

  /**
   * @param wary whether a client that begins with something else than JSON is given up: a web page
   *     can make its reader's browser send a request to a port
   */
  Session(CommandTable commands, boolean wary) {
    this.commands = commands;
    this.wary = wary;
  }

  /** Returns what a client is told first. */
  Map<String, Object> greeting() {
    return Map.of("QMP", Map.of("version", commands.version(), "capabilities", List.of()));
  }

  /** Returns whether the client is told of events from the answer to its last command on. */
  boolean isNegotiated() {
    return negotiated;
  }

  /** Returns whether the client was told of events before its last command. */
  boolean hearsEvents() {
    return hears;
  }

  /** Records that the client has its answer: from the one to its negotiation on it hears events. */
  void answered() {
    hears = negotiated;
  }

  /** Returns whether the client is no QMP client. */
  boolean isHopeless() {
    return hopeless;
  }

  private Map<String, Object> notQmp(String sentence) {
    hopeless |= wary && !negotiated;
    return error(null, QmpException.generic(sentence));
  }

  /** Returns the answer to what a client has sent. */
  Map<String, Object> answer(Scanned sent) throws InterruptedException {
    return switch (sent) {
      case Refused(String reason) -> notQmp("JSON parse error, " + reason);
      case Message(byte[] bytes) -> {
        try {
          yield answer(JsonText.read(bytes));
        } catch (NotJsonException e) {
          yield notQmp("JSON parse error, " + e.getMessage());
        }
      }
    };
  }

  private Map<String, Object> answer(@Nullable Object message) throws InterruptedException {
    if (!(message instanceof Map<?, ?> members)) {
      return notQmp("QMP input must be a JSON object");
    }
    Object id = members.containsKey("id") ? new Echo(members.get("id")) : null;
    try {
      Object result = run(members);
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("return", result);
      return identified(id, answer);
    } catch (HoldfastException e) {
      return error(id, QmpException.of(e));
    } catch (RuntimeException | Error e) {
      LOG.error("a QMP command failed", e);
      return error(
          id,
          QmpException.generic(
              "it failed for a reason that it does not know: " + e + "; see the log"));
    }
  }

  /** The id of a command, which can be null. */
  private record Echo(@Nullable Object id) {}

  private Object run(Map<?, ?> members) throws HoldfastException, InterruptedException {
    for (Object key : members.keySet()) {
      if (!key.equals("execute") && !key.equals("arguments") && !key.equals("id")) {
        throw QmpException.generic(
            "QMP input member '" + Excerpt.onOneLine("" + key) + "' is unexpected");
      }
    }
    if (!members.containsKey("execute")) {
      throw QmpException.generic("QMP input lacks member 'execute'");
    }
    if (!(members.get("execute") instanceof String name)) {
      throw QmpException.generic("QMP input member 'execute' must be a string");
    }
    Map<String, @Nullable Object> arguments = arguments(members);
    if (name.equals(NEGOTIATION)) {
      return negotiate(arguments);
    }
    if (!negotiated) {
      throw QmpException.noCommand("Expecting capabilities negotiation with '" + NEGOTIATION + "'");
    }
    return commands.run(name, arguments);
  }

  private static Map<String, @Nullable Object> arguments(Map<?, ?> members) throws QmpException {
    Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
    if (members.containsKey("arguments")) {
      if (!(members.get("arguments") instanceof Map<?, ?> given)) {
        throw QmpException.generic("QMP input member 'arguments' must be an object");
      }
      given.forEach((key, value) -> arguments.put((String) key, value));
    }
    return arguments;
  }

  private Object negotiate(Map<String, @Nullable Object> arguments) throws QmpException {
    if (negotiated) {
      throw QmpException.noCommand("Capabilities negotiation is already complete, command ignored");
    }
    for (Map.Entry<String, @Nullable Object> argument : arguments.entrySet()) {
      if (!argument.getKey().equals("enable")) {
        throw QmpException.generic("Parameter " + Excerpt.of(argument.getKey()) + " is unexpected");
      }
      if (!(argument.getValue() instanceof List<?> wanted)) {
        throw QmpException.generic("Invalid parameter type for 'enable', expected: array");
      }
      if (!wanted.isEmpty()) {
        throw QmpException.generic(
            "Capability " + Excerpt.of("" + wanted.getFirst()) + " is not available");
      }
    }
    negotiated = true;
    return Map.of();
  }

  private static Map<String, Object> error(@Nullable Object id, QmpException failure) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("class", failure.errorClass().word());
    told.put("desc", Excerpt.onOneLine(failure.getMessage()));
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("error", told);
    return identified(id, answer);
  }

  private static Map<String, Object> identified(@Nullable Object id, Map<String, Object> answer) {
    if (id instanceof Echo(Object value)) {
      answer.put("id", value);
    }
    return answer;
  }
}
