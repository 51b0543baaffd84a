package holdfast.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a figure is compared with.
 *
 * @param rival who it is
 * @param stats what it took, in the figure's unit
 * @param limit what the ratio of Holdfast to it must reach; null if nothing
 */
record Versus(String rival, Stats stats, @Nullable Limit limit) {

  /** Returns it as JSON. */
  Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("rival", rival);
    json.put("stats", stats.toJson());
    Json.putLimit(json, limit);
    return json;
  }

  /** Reads what {@link #toJson} wrote. */
  static Versus of(Json json) {
    return new Versus(json.text("rival"), Stats.of(json.object("stats")), json.limit());
  }
}
