package holdfast.monitor.shell.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.core.OpenMachine;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The arithmetic of label and alignment, on blocks without memory. */
@Timeout(120)
class GuestShareTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "size=256M,align=128M | label-size=2M | of 256M the guest sees 128M: 2M are label, 126M are"
            + " lost to align=128M; align=2M would lose none",
        "size=256M,align=2M | label-size=2M | of 256M the guest sees 254M: 2M are label",
        "size=3M,align=2M | slot=0 | of 3M the guest sees 2M: 1M are lost to align=2M; align=1M"
            + " would lose none",
        "size=256M,align=4K | label-size=131073 | of 256M the guest sees 262012K: 131073 are label,"
            + " 4095 are lost to align=4K; with a label-size that is a multiple of 4K an align"
            + " could be found that loses none",
        "size=256M,align=128M | slot=0 | -",
      })
  @DisplayName("of the backend the guest sees a multiple of its alignment, and the report says so")
  void arithmetic(String backend, String device, String sentence) {
    try (OpenMachine there =
        OpenMachine.of(
            "-object",
            "memory-backend-file,id=m,share=on,pmem=on,mem-path=/d/f," + backend,
            "-device",
            "nvdimm,id=nv,memdev=m," + device)) {
      assertEquals(sentence == null ? List.of() : List.of(sentence), sentences(there));
    }
  }

  private static List<String> sentences(OpenMachine there) {
    return new GuestShare(there.devices().getLast(), there.objects().getFirst())
        .sentences(there.machine().layout().persistence());
  }

  @ParameterizedTest
  @CsvSource({
    "cpu, off, true",
    "cpu, on, false",
    "cpu, auto, false",
    "mem-ctrl, off, false",
    "mem-ctrl, auto, false"
  })
  @DisplayName(
      "that a guest is told not to flush what it has to flush is told to the operator, and in JSON")
  void flushes(String persistence, String unarmed, boolean told) throws IOException {
    try (OpenMachine there =
        OpenMachine.of(
            "-machine",
            "nvdimm-persistence=" + persistence,
            "-object",
            "memory-backend-file,id=m,size=1M,share=on,pmem=on,mem-path=/d/f",
            "-device",
            "nvdimm,id=nv,memdev=m,unarmed=" + unarmed)) {
      List<String> expected =
          told
              ? List.of(
                  "the guest is told by nvdimm-persistence=cpu that its stores persist without a"
                      + " flush, but cache-line was obtained, and what it doesn't flush is lost:"
                      + " use mem-ctrl, or unarmed=auto")
              : List.of();
      assertEquals(expected, sentences(there));
      assertEquals(expected, inJson(there));
    }
  }

  @Test
  @DisplayName("where no flush by the guest helps, no other nvdimm-persistence is recommended")
  void flushesThatHelpNothing() throws IOException {
    try (OpenMachine there =
        OpenMachine.of(
            "-machine",
            "nvdimm-persistence=cpu",
            "-object",
            "memory-backend-file,id=m,size=1M,share=on,mem-path=/d/f",
            "-device",
            "nvdimm,id=nv,memdev=m")) {
      List<String> expected =
          List.of(
              "the guest is told by nvdimm-persistence=cpu that its stores persist without a flush,"
                  + " but page was obtained, and what it flushes may be lost, too: say so to the"
                  + " guest with unarmed=on, or unarmed=auto");
      assertEquals(expected, sentences(there));
      assertEquals(expected, inJson(there));
    }
  }

  private static Object inJson(OpenMachine there) throws IOException {
    String json =
        new MachineReport(there.objects(), there.devices(), there.machine().layout().persistence())
            .toJson();
    List<?> devices = (List<?>) Objects.requireNonNull(JSON.std.mapFrom(json).get("devices"));
    return Objects.requireNonNull(((Map<?, ?>) devices.getLast()).get("warnings"));
  }

  @ParameterizedTest
  @CsvSource({"off,true", "on,false", "auto,false"})
  @DisplayName("a shortfall that the guest is not told of is told to the operator")
  void shortfall(String unarmed, boolean told) throws IOException {
    try (OpenMachine there =
        new OpenMachine(
            false, // the allocator of page granularity takes it
            "-object",
            "memory-backend-file,id=m,size=1M,share=on,pmem=on,mem-path=/d/f",
            "-device",
            "nvdimm,id=nv,memdev=m,unarmed=" + unarmed)) {
      List<String> expected =
          told
              ? List.of(
                  "the guest is told that its stores persist, but of what was requested"
                      + " (cache-line) page was obtained: say so to the guest with unarmed=on, or"
                      + " unarmed=auto")
              : List.of();
      assertEquals(expected, sentences(there));
      assertEquals(expected, inJson(there));
    }
  }
}
