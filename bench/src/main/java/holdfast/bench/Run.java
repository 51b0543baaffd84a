package holdfast.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One part as it was measured.
 *
 * @param part its name
 * @param date when
 * @param quick whether only roughly
 * @param host the machine
 * @param loadBefore how many threads wanted a processor in the minute before
 * @param loadAfter how many in its last minute; the measurement itself is among them
 */
record Run(
    String part,
    String date,
    boolean quick,
    Map<?, ?> host,
    double loadBefore,
    double loadAfter,
    List<Figure> figures,
    List<String> remarks) {

  /** Returns it as JSON. */
  Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("part", part);
    json.put("date", date);
    json.put("quick", quick);
    json.put("host", host);
    json.put("load before", loadBefore);
    json.put("load after", loadAfter);
    json.put("figures", figures.stream().map(Figure::toJson).toList());
    json.put("remarks", remarks);
    return json;
  }

  /** Reads what {@link #toJson} wrote. */
  static Run of(Json json) {
    return new Run(
        json.text("part"),
        json.text("date"),
        json.flag("quick"),
        json.object("host").members(),
        json.number("load before"),
        json.number("load after"),
        json.objects("figures").stream().map(Figure::of).toList(),
        json.texts("remarks"));
  }
}
