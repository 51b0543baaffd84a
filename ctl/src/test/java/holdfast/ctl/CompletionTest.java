package holdfast.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jline.reader.Candidate;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser.ParseContext;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What ctl's shell makes of what a machine offers. */
@Timeout(60)
class CompletionTest {
  @TempDir Path folder;

  /** Returns what is offered at the end of a line, with a blank behind what is whole. */
  private List<String> offered(String answer, String line) throws Exception {
    Path socket = folder.resolve("q");
    Files.deleteIfExists(socket);
    try (FakeMachine machine =
            new FakeMachine(socket, FakeMachine.GREETING, command -> "\"return\":" + answer);
        Connection connection = Connection.open(new Place(socket), Duration.ofSeconds(30))) {
      LineReader reader =
          LineReaderBuilder.builder()
              .terminal(
                  new DumbTerminal(
                      new ByteArrayInputStream(new byte[0]), new ByteArrayOutputStream()))
              .build();
      ParsedLine parsed = new DefaultParser().parse(line, line.length(), ParseContext.COMPLETE);
      List<Candidate> candidates = new ArrayList<>();
      new Completion(connection).complete(reader, parsed, candidates);
      assertEquals("x-holdfast-complete", machine.commands.getFirst().get("execute"));
      assertEquals(
          Map.of("words", List.of(line.split(" ", -1))),
          machine.commands.getFirst().get("arguments"));
      return candidates.stream().map(one -> one.value() + (one.complete() ? " " : "")).toList();
    }
  }

  private static String offer(int from, String whole, String begun, boolean path) {
    return "{\"from\":%d,\"whole\":[%s],\"begun\":[%s],\"path\":%b}"
        .formatted(from, whole, begun, path);
  }

  @Test
  @DisplayName("the machine's words, behind what is kept; quit, exit and -json are its own")
  void words() throws Exception {
    assertEquals(
        List.of("quit ", "exit ", "list "), offered(offer(0, "\"list\"", "", false), "li"));
    assertEquals(List.of("m0 "), offered(offer(0, "\"m0\"", "", false), "show "));
    assertEquals(
        List.of("pmem=on,share="), offered(offer(8, "", "\"share=\"", false), "swap m pmem=on,s"));
    assertEquals(
        List.of("-json ", "-plan "), offered(offer(0, "\"-plan\"", "", false), "swap m -"));
  }

  @Test
  @DisplayName("absolute paths where the machine says that one belongs")
  void paths() throws Exception {
    Files.createDirectory(folder.resolve("images"));
    Files.createFile(folder.resolve("image.raw"));

    assertEquals(
        List.of("mem-path=" + folder + "/image.raw ", "mem-path=" + folder + "/images/"),
        offered(offer(9, "", "", true), "swap m mem-path=" + folder + "/im"));
    assertEquals(List.of(), offered(offer(9, "", "", true), "swap m mem-path=sr"));
    assertEquals(List.of("/"), offered(offer(0, "", "", true), "evacuate m "));
  }

  @Test
  @DisplayName("nothing that a terminal could obey, and nothing that is no answer")
  void distrust() throws Exception {
    assertEquals(
        List.of("a "), offered(offer(0, "\"a\",\"\\u001b[2J\",\"b c\"", "", false), "show "));
    for (String wrong :
        List.of("[]", "7", "{}", "{\"from\":-1}", offer(9, "\"a\"", "", false), "{\"from\":0}")) {
      assertEquals(List.of(), offered(wrong, "show m"), wrong);
    }
    assertFalse(offered("{}", "sh").isEmpty());
  }
}
