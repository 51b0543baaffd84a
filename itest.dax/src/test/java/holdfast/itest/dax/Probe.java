package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the product answered to {@code -probe json}.
 *
 * @param backends by id
 * @param devices by the id of their backend
 * @param warnings its standard error
 */
record Probe(
    Map<String, Map<?, ?>> backends, Map<String, Map<?, ?>> devices, List<String> warnings) {
  private static final String MACHINE = "-machine pc,nvdimm=on -m 128M,slots=40,maxmem=16G ";

  /** Starts the product in the guest, to say what it got. */
  static Probe run(Guest guest, String arguments) throws IOException, InterruptedException {
    Guest.Ended ended = start(guest, arguments);
    assertEquals(0, ended.status(), () -> ended.err().toString());
    Map<String, Object> json = JSON.std.mapFrom(ended.out());
    return new Probe(byKey(json, "backends", "id"), byKey(json, "devices", "memdev"), ended.err());
  }

  /** The sentence with which the product refuses to start. */
  static String refusal(Guest guest, String arguments) throws IOException, InterruptedException {
    Guest.Ended ended = start(guest, arguments);
    assertEquals(1, ended.status(), ended::out);
    assertEquals(1, ended.err().size(), () -> ended.err().toString());
    return ended.err().getFirst();
  }

  private static Guest.Ended start(Guest guest, String arguments)
      throws IOException, InterruptedException {
    return start(guest, "probe", arguments).await();
  }

  /**
   * Starts the product in the guest with {@code -probe json}, and does not wait for its end.
   *
   * @param folder the name of a folder of its own
   */
  static Guest.Running start(Guest guest, String folder, String arguments)
      throws IOException, InterruptedException {
    return guest.start(
        "mkdir -p /run/%1$s; cd /run/%1$s; exec ".formatted(folder)
            + Build.product()
            + "-probe json "
            + MACHINE
            + arguments);
  }

  private static Map<String, Map<?, ?>> byKey(Map<String, Object> json, String list, String key) {
    Map<String, Map<?, ?>> byKey = new LinkedHashMap<>();
    for (Object one : (List<?>) json.get(list)) {
      Map<?, ?> map = (Map<?, ?>) one;
      byKey.put(map.get(key).toString(), map);
    }
    return byKey;
  }

  String granularity(String id) {
    return ((Map<?, ?>) backends.get(id).get("granularity")).get("obtained").toString();
  }

  List<?> obtained(String id) {
    return (List<?>) backends.get(id).get("obtained");
  }

  String evidence(String id, String what) {
    return ((Map<?, ?>) backends.get(id).get("evidence")).get(what).toString();
  }

  /** Whether the kernel's VmFlags of the mapping have {@code sf}. */
  boolean showsSync(String id) {
    return List.of(evidence(id, "vmflags").split(" ")).contains("sf");
  }

  /** One line for the log. */
  String line(String id) {
    return "granularity %s, obtained %s, mmap(%s), VmFlags %s"
        .formatted(granularity(id), obtained(id), evidence(id, "mmap"), evidence(id, "vmflags"));
  }
}
