package holdfast.machine.migration.internal.peer;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a JSON object of somebody else's, of which nothing is believed. */
record Fields(Map<?, ?> values) {
  /** The longest text in a field. */
  private static final int LONGEST = 255;

  /** The most entries of a list. */
  private static final int MOST = 4096;

  /**
   * Reads an object.
   *
   * @throws PeerException if it is none
   */
  static Fields of(byte[] json) throws PeerException {
    try {
      if (JSON.std.anyFrom(new String(json, StandardCharsets.UTF_8)) instanceof Map<?, ?> map) {
        return new Fields(map);
      }
      throw new PeerException("what the source offers is no JSON object");
    } catch (PeerException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new PeerException("what the source offers is no JSON object");
    }
  }

  /** Returns a text without anything that a terminal would obey. */
  String text(String name) throws PeerException {
    if (value(name) instanceof String text
        && text.length() <= LONGEST
        && text.codePoints().noneMatch(Character::isISOControl)) {
      return text;
    }
    throw malformed(name);
  }

  long number(String name) throws PeerException {
    return switch (value(name)) {
      case Integer number -> number;
      case Long number -> number;
      case null, default -> throw malformed(name);
    };
  }

  boolean flag(String name) throws PeerException {
    if (value(name) instanceof Boolean flag) {
      return flag;
    }
    throw malformed(name);
  }

  List<Fields> list(String name) throws PeerException {
    if (!(value(name) instanceof List<?> list) || list.size() > MOST) {
      throw malformed(name);
    }
    List<Fields> all = new ArrayList<>();
    for (Object each : list) {
      if (!(each instanceof Map<?, ?> map)) {
        throw malformed(name);
      }
      all.add(new Fields(map));
    }
    return all;
  }

  private @Nullable Object value(String name) {
    return values.get(name);
  }

  private static PeerException malformed(String name) {
    return new PeerException("what the source offers has no " + name + " that can be read");
  }
}
