package holdfast.monitor.shell.report;

import holdfast.machine.admin.MachineSummary;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a machine is, since when, and by which doors it is reached. */
public record SummaryReport(MachineSummary summary) {

  /** Shows it as text for people. */
  public void show(Screen screen, Instant now) {
    screen.heading(summary.status().sentence());
    Duration age = Duration.between(summary.since(), now).truncatedTo(ChronoUnit.SECONDS);
    screen.fact(
        "since",
        summary.since().truncatedTo(ChronoUnit.SECONDS)
            + ", for "
            + age.toDays()
            + " d "
            + "%02d:%02d:%02d"
                .formatted(age.toHoursPart(), age.toMinutesPart(), age.toSecondsPart()));
    summary
        .hardware()
        .ifPresent(
            hardware -> {
              screen.fact("type", hardware.type());
              screen.fact("base RAM", hardware.ram() + ", with devices up to " + hardware.maxmem());
              screen.fact("backends", Integer.toString(hardware.objects()));
              screen.fact("devices", Integer.toString(hardware.devices()));
            });
    if (summary.doors().isEmpty()) {
      screen.fact("doors", "no monitor has a socket");
    }
    for (MachineSummary.DoorStatus door : summary.doors()) {
      screen.fact("door", door.failure().isEmpty() ? door.place() : "closed: " + door.failure());
    }
  }

  /** Returns the same for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("phase", summary.status().phase().name().toLowerCase(Locale.ROOT));
    all.put("sentence", summary.status().sentence());
    all.put("since", summary.since().toString());
    summary
        .hardware()
        .ifPresent(
            hardware -> {
              all.put("type", hardware.type());
              all.put("ram", hardware.ram().bytes());
              all.put("maxmem", hardware.maxmem().bytes());
              all.put("backends", hardware.objects());
              all.put("devices", hardware.devices());
            });
    all.put("doors", summary.doors().stream().map(SummaryReport::door).toList());
    return all;
  }

  private static Map<String, Object> door(MachineSummary.DoorStatus door) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("place", door.place());
    if (!door.failure().isEmpty()) {
      all.put("failure", door.failure());
    }
    return all;
  }
}
