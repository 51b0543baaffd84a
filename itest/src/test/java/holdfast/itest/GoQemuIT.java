package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A machine in the hands of go-qemu, a QMP client that was written for QEMU: on a file of the
 * build's disk. {@code src/test/go/session.go} is what it does.
 */
@Timeout(400)
class GoQemuIT {
  private static final Path LIBRARIES = Path.of("/usr/share/gocode");

  private static final long BUILD_SECONDS = 200;

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  @Test
  @DisplayName("greeting, hot plug, errors, events, a swap, and the end are as its client expects")
  void session() throws IOException, InterruptedException {
    Path session = build();
    Path folder = Files.createDirectory(scratch.resolve("cwd"));
    Path socket = folder.resolve("q");
    try (Holdfast machine =
        Holdfast.start(
            folder,
            List.of(
                "-machine",
                "pc,nvdimm=on",
                "-m",
                "16M,slots=4,maxmem=1G",
                "-object",
                "memory-backend-file,id=m0,mem-path=F,size=4M,share=on",
                "-device",
                "nvdimm,id=nv0,memdev=m0",
                "-qmp",
                "unix:q,server=on,wait=off"))) {
      List<String> command = List.of(session.toString(), socket.toString(), folder.toString());
      try (Holdfast client = Holdfast.startCommand(command, folder)) {
        Holdfast.Ended ended = client.awaitEnd();
        assertEquals(0, ended.status(), ended.out() + ended.err());
        assertTrue(ended.out().endsWith("ok: SHUTDOWN\n"), ended.out());
      }
      assertEquals(0, machine.awaitEnd().status());
    }
  }

  private Path build() throws IOException, InterruptedException {
    assumeTrue(
        isOnPath("go")
            && Files.isDirectory(LIBRARIES.resolve("src/github.com/digitalocean/go-qemu")),
        "go-qemu isn't here: install golang-go and golang-github-digitalocean-go-qemu-dev");
    Path session = scratch.resolve("session");
    Path said = scratch.resolve("go.txt");
    ProcessBuilder build =
        new ProcessBuilder("go", "build", "-o", session.toString(), "src/test/go/session.go")
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    build
        .environment()
        .putAll(
            Map.of(
                "GO111MODULE",
                "off",
                "GOPATH",
                LIBRARIES.toString(),
                "GOFLAGS",
                "",
                "GOCACHE",
                scratch.resolve("cache").toString()));
    Process go = build.start();
    assertTrue(go.waitFor(BUILD_SECONDS, TimeUnit.SECONDS), "go is still building");
    assertEquals(0, go.exitValue(), Files.readString(said, UTF_8));
    return session;
  }

  private static boolean isOnPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of(path.split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
