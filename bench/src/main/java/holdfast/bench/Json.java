package holdfast.bench;

import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** An object of a JSON file that these measurements wrote. */
record Json(Map<?, ?> members) {

  private Object member(String name) {
    Object member = members.get(name);
    if (member == null) {
      throw new NoSuchElementException("no member '" + name + "' in " + members.keySet());
    }
    return member;
  }

  String text(String name) {
    return (String) member(name);
  }

  double number(String name) {
    return ((Number) member(name)).doubleValue();
  }

  boolean flag(String name) {
    return (Boolean) member(name);
  }

  Json object(String name) {
    return new Json((Map<?, ?>) member(name));
  }

  List<Json> objects(String name) {
    return ((List<?>) member(name)).stream().map(one -> new Json((Map<?, ?>) one)).toList();
  }

  List<String> texts(String name) {
    return ((List<?>) member(name)).stream().map(String.class::cast).toList();
  }

  /** Returns the limit that {@link #putLimit} put; null if none. */
  @Nullable Limit limit() {
    if (members.containsKey("at most")) {
      return Limit.atMost(number("at most"));
    }
    return members.containsKey("at least") ? Limit.atLeast(number("at least")) : null;
  }

  /** Puts a limit into an object that is to be written. */
  static void putLimit(Map<String, Object> json, @Nullable Limit limit) {
    if (limit != null) {
      json.put(limit.most() ? "at most" : "at least", limit.value());
    }
  }
}
