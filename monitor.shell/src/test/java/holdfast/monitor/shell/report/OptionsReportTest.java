package holdfast.monitor.shell.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Options for a shell, as bash reads them. */
@Timeout(60)
class OptionsReportTest {
  @Test
  @DisplayName("bash reads the very words, and no terminal is controlled by them")
  void asBashReads() throws Exception {
    List<String> words =
        List.of(
            "-machine",
            "pc,nvdimm=on",
            "-object",
            "memory-backend-file,id=a,mem-path=/tmp/a b/it's,,$HOME/`x`!*~",
            "-object",
            "memory-backend-file,id=b,mem-path=/tmp/\u001b[31m\n'\\\u202e\ue000\u00e9",
            "-device",
            "");
    String text = OptionsReport.text(words);
    assertFalse(
        text.codePoints().anyMatch(point -> point < ' ' && point != '\n' || point == 0x202e), text);
    List<String> command = new ArrayList<>(List.of("bash", "-c", "printf '%s\\0' " + text));
    ProcessBuilder bash = new ProcessBuilder(command).redirectErrorStream(true);
    bash.environment().put("LC_ALL", "C.UTF-8");
    Process process = bash.start();
    String read = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(String.join("\0", words) + "\0", read);
    assertEquals(0, process.waitFor());
  }
}
