package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What stands where a memory backend's file should be, and values that the command line lets
 * through: the built jar answers each with one sentence that names the object, the file or the
 * value and what to do, and leaves everything as it was. On files of the build's disk.
 */
@Execution(ExecutionMode.CONCURRENT)
class BadInputIT {
  private static final String FILE = "memory-backend-file,id=m,mem-path=F,size=1M";
  private static final String NOBODY = "65534";

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
  }

  private Holdfast.Ended probe(String... objects) throws IOException, InterruptedException {
    return Holdfast.run(folder, arguments(objects).toArray(String[]::new));
  }

  private static List<String> arguments(String... objects) {
    List<String> all = new ArrayList<>(List.of("-probe", "json"));
    Arrays.stream(objects).forEach(object -> all.addAll(List.of("-object", object)));
    return all;
  }

  private static void assertNames(String sentence, String... words) {
    for (String word : words) {
      assertTrue(sentence.contains(word), () -> "'" + word + "' is not in: " + sentence);
    }
  }

  /** The object is refused with {@code words}, and the folder holds what it held. */
  private void assertRefused(String object, String... words)
      throws IOException, InterruptedException {
    Map<String, String> before = content();
    String sentence = probe(object).refusal();
    assertNames(sentence, words);
    assertEquals(before, content());
  }

  /** What is in the folder: kind, mode, size, and the bytes of files; not when it was touched. */
  private Map<String, String> content() throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        var attributes =
            Files.readAttributes(file, "unix:mode,size,ino", LinkOption.NOFOLLOW_LINKS);
        content.put(
            file.getFileName().toString(),
            attributes
                + " "
                + (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    ? Arrays.hashCode(Files.readAllBytes(file))
                    : ""));
      }
    }
    return content;
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "size=1.5                      | 1.5     | size",
        "size=1.0001M                  | 1048681 | 4K",
        "size=16E                      | 16E     | size",
        "size=99999999999999999999     | 99999999999999999999 | size",
        "size=                         | size=   | suffix",
        "offset=1K                     | offset=1K | 4K",
        "offset=8191P                  | offset=8191P | file",
        "rom=on                        | rom=on  | readonly=on",
        "rom=off,readonly=on,share=on  | rom=off | share=off",
        "prealloc=on,reserve=off       | prealloc=on | leave one of them out",
        "prealloc-threads=0            | prealloc-threads=0 | 1",
        "host-nodes=0                  | host-nodes | policy=bind",
        "policy=bind                   | policy=bind | host-nodes=0",
        "host-nodes=127,policy=bind    | 127     | host-nodes",
        "host-nodes=128,policy=bind    | 128     | 127",
        "host-nodes=3-1,policy=bind    | 3-1     | 0-3",
        "x-follow-symlink=perhaps      | x-follow-symlink=perhaps | on",
      })
  @DisplayName("a value, or two that contradict each other; no file is left behind")
  void values(String options, String word, String other) throws IOException, InterruptedException {
    assertRefused(FILE + "," + options, word, other);
    assertEquals(Map.of(), content());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "hugetlb=on,hugetlbsize=3M | hugetlbsize=3M | power of two",
        "hugetlb=on,hugetlbsize=4K | 'm'            | /sys/kernel/mm/hugepages",
        "hugetlb=on,size=1P        | 'm'            | huge pages",
        "size=1000                 | 'm'            | 4K",
        "mem-path=F                | mem-path       | memory-backend-memfd",
      })
  @DisplayName("the same of a memfd")
  void memfdValues(String options, String word, String other)
      throws IOException, InterruptedException {
    assertRefused("memory-backend-memfd,id=m,size=4M," + options, word, other);
  }

  @Test
  @DisplayName("a file that ends before offset and size do")
  void tooSmallBehindTheOffset() throws IOException, InterruptedException {
    Files.write(folder.resolve("F"), new byte[2 << 20]);
    assertRefused(FILE + ",offset=1536K,share=on", "'m'", "F", "offset=1536K", "2M", "grow");
  }

  @Test
  @DisplayName("a folder with readonly=on: a file made in it would be zero for ever")
  void folderReadOnly() throws IOException, InterruptedException {
    Files.createDirectory(folder.resolve("F"));
    assertRefused(FILE + ",readonly=on", "'m'", "F", "folder", "readonly=off");
  }

  @Test
  @DisplayName("a FIFO with nobody at its other end: refused at once, never opened")
  void fifo() throws IOException, InterruptedException {
    Process mkfifo = new ProcessBuilder("mkfifo", folder.resolve("F").toString()).start();
    assertTrue(mkfifo.waitFor(10, TimeUnit.SECONDS) && mkfifo.exitValue() == 0);
    assertRefused(FILE, "'m'", "F", "FIFO", "name a regular file");
  }

  @Test
  void socket() throws IOException, InterruptedException {
    Path socket = folder.resolve("F");
    Assumptions.assumeTrue(
        socket.toString().length() < 100, "the name of a socket has at most 107 bytes, unix(7)");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      assertRefused(FILE, "'m'", "F", "socket", "name a regular file");
    }
  }

  @Test
  @DisplayName("a device that is no DAX device")
  void device() throws IOException, InterruptedException {
    assertRefused(
        "memory-backend-file,id=m,mem-path=/dev/zero,size=1M",
        "'m'",
        "/dev/zero",
        "character device",
        "name a regular file");
  }

  @Test
  @DisplayName("a symbolic link is refused, dangling or not; x-follow-symlink=on follows it")
  void symbolicLinks() throws IOException, InterruptedException {
    Files.createSymbolicLink(folder.resolve("F"), Path.of("target"));
    String follow = FILE + ",share=on,x-follow-symlink=on";
    assertRefused(FILE, "'m'", "F", "symbolic link", "x-follow-symlink=on");
    assertRefused(follow, "'m'", "F", "symbolic link", "create the file that it points to");

    Files.write(folder.resolve("target"), new byte[1 << 20]);
    assertRefused(FILE, "'m'", "F", "symbolic link", "x-follow-symlink=on");
    assertEquals(List.of(), probe(follow).err());
  }

  @Test
  @DisplayName("a file that this user may not open")
  void unreadable() throws IOException, InterruptedException {
    Path file = Files.write(folder.resolve("F"), new byte[1 << 20]);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    List<String> through = asAnOrdinaryUser();

    assertNames(probeThrough(through, FILE + ",share=on"), "'m'", "F", "EACCES", "permissions");

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    assertNames(probeThrough(through, FILE + ",share=on"), "'m'", "F", "EACCES", "permissions");
    assertNames(probeThrough(through, FILE), "'m'", "F", "EACCES", "readonly=on,rom=off");
  }

  private static String probeThrough(List<String> through, Path folder, String object)
      throws IOException, InterruptedException {
    try (Holdfast holdfast = Holdfast.start(through, folder, arguments(object))) {
      return holdfast.awaitEnd().refusal();
    }
  }

  private String probeThrough(List<String> through, String object)
      throws IOException, InterruptedException {
    Map<String, String> before = content();
    String sentence = probeThrough(through, folder, object);
    assertEquals(before, content());
    return sentence;
  }

  /** What makes the product run as somebody for whom permissions are; root reads everything. */
  private List<String> asAnOrdinaryUser() throws IOException, InterruptedException {
    if (!Files.isReadable(folder.resolve("F"))) {
      return List.of();
    }
    Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> through =
        List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups");
    for (List<String> needed :
        List.of(
            List.of("test", "-x", Holdfast.java().toString()),
            List.of("test", "-r", Holdfast.jar().toString()),
            List.of("test", "-x", folder.toString()))) {
      List<String> command = new ArrayList<>(through);
      command.addAll(needed);
      Assumptions.assumeTrue(
          succeeds(command), () -> "another user has to run the product, but not so: " + command);
    }
    return through;
  }

  private static boolean succeeds(List<String> command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).start();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException notThere) {
      return false;
    }
  }

  @Test
  @DisplayName("a disk that is too small for the file: nothing is left on it")
  void fullDisk() throws IOException, InterruptedException {
    try (SmallTmpfs disk = SmallTmpfs.mount(folder, "size=2m")) {
      String object = "memory-backend-file,id=m,mem-path=F,size=8M,share=on";
      assertRefused(object, "'m'", "F", "size=8M", "ENOSPC", "free some space");

      assertRefused(object + ",mem-path=.", "'m'", "size=8M", "ENOSPC", "free some space");
      assertRefused(
          object + ",share=off,prealloc=on,mem-path=.,reserve=on",
          "'m'",
          "size=8M",
          "prealloc=off");

      Files.createFile(folder.resolve("F"));
      assertRefused(object, "'m'", "F", "ENOSPC");
      disk.remount("ro");
      assertRefused(object, "'m'", "F", "EROFS", "readonly=on");
      assertRefused(object.replace("F", "G"), "'m'", "G", "EROFS", "use another");
    }
  }

  @Test
  @DisplayName("a file that another machine has: refused until that one ends; readers share it")
  void locked() throws IOException, InterruptedException {
    Files.write(folder.resolve("F"), new byte[1 << 20]);
    String writer = FILE + ",share=on";
    String reader = writer + ",readonly=on";
    try (Holdfast first = Holdfast.start(folder, List.of("-object", reader))) {
      first.awaitMapped(folder.resolve("F"));
      assertEquals(0, probe(reader).status());
      assertRefused(writer, "'m'", "F", "locked", "end the other one");
      first.terminate();
      first.awaitEnd();
    }
    try (Holdfast first = Holdfast.start(folder, List.of("-object", writer))) {
      first.awaitMapped(folder.resolve("F"));
      assertRefused(reader, "'m'", "F", "locked", "end the other one");
      first.terminate();
      first.awaitEnd();
    }
    assertEquals(0, probe(writer).status());
  }

  @Test
  @DisplayName("the same file twice in one machine is refused by the name of who has it")
  void twiceInOneMachine() throws IOException, InterruptedException {
    Files.write(folder.resolve("F"), new byte[1 << 20]);
    Map<String, String> before = content();
    String sentence =
        probe(FILE + ",share=on", FILE.replace("id=m", "id=n") + ",share=on").refusal();
    assertNames(sentence, "'n'", "F", "'m' of this machine has that file open", "another file");
    assertEquals(before, content());
  }
}
