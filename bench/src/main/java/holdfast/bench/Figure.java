package holdfast.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that was measured.
 *
 * @param id its name, by which a reason can be given for it
 * @param what it is, in words
 * @param row what the picture calls it, together with others; the worst of them is drawn
 * @param own what Holdfast took
 * @param limit what that must reach; null if nothing
 * @param versus what it is compared with
 */
record Figure(
    String id,
    String what,
    String row,
    Unit unit,
    Stats own,
    @Nullable Limit limit,
    List<Versus> versus) {

  Figure(String id, String what, Unit unit, Sample own) {
    this(id, what, what, unit, own.stats(), null, List.of());
  }

  /** Returns the same, that must reach something. */
  Figure must(Limit own) {
    return new Figure(id, what, row, unit, this.own, own, versus);
  }

  /** Returns the same under another name in the picture. */
  Figure in(String otherRow) {
    return new Figure(id, what, otherRow, unit, own, limit, versus);
  }

  /** Returns the same beside a rival; without it if it was left out. */
  Figure beside(String rival, Sample sample) {
    return beside(rival, sample, null);
  }

  /**
   * Returns the same beside a rival; without it if it was left out.
   *
   * @param ratio what the ratio must reach; null if nothing
   */
  Figure beside(String rival, Sample sample, @Nullable Limit ratio) {
    if (sample.isEmpty()) {
      return this;
    }
    List<Versus> more = new ArrayList<>(versus);
    more.add(new Versus(rival, sample.stats(), ratio));
    return new Figure(id, what, row, unit, own, limit, more);
  }

  /** Returns how many times as much as the rival. */
  double ratio(Versus rival) {
    return own.median() / rival.stats().median();
  }

  /** Returns it as JSON. */
  Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", id);
    json.put("what", what);
    json.put("row", row);
    json.put("unit", unit.name());
    json.put("holdfast", own.toJson());
    Json.putLimit(json, limit);
    json.put("beside", versus.stream().map(Versus::toJson).toList());
    return json;
  }

  /** Reads what {@link #toJson} wrote. */
  static Figure of(Json json) {
    return new Figure(
        json.text("id"),
        json.text("what"),
        json.text("row"),
        Unit.valueOf(json.text("unit")),
        Stats.of(json.object("holdfast")),
        json.limit(),
        json.objects("beside").stream().map(Versus::of).toList());
  }
}
