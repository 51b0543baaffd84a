package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Advice goes by the error: real limits, attributes and mounts, and what the built jar says that
 * one should do about each. The whole table is in {@code RemedyTest}.
 */
class AdviceIT {
  private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
  }

  /** The product refuses the object in one sentence that says this, and leaves no file behind. */
  private String refused(List<String> through, String object, String... words)
      throws IOException, InterruptedException {
    List<Path> before = files();
    String sentence;
    try (Holdfast holdfast =
        Holdfast.start(through, folder, List.of("-probe", "json", "-object", object))) {
      sentence = holdfast.awaitEnd().refusal();
    }
    for (String word : words) {
      assertTrue(sentence.contains(word), () -> "'" + word + "' is not in: " + sentence);
    }
    assertTrue(files().equals(before), () -> "left behind: " + sentence);
    return sentence;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** What makes the product run with a limit of its own, as ulimit of bash(1) sets it. */
  private static List<String> with(String ulimit) {
    return List.of("bash", "-c", ulimit + " && exec \"$@\"", "bash");
  }

  private static String file(String path, String size) {
    return "memory-backend-file,id=m,share=on,mem-path=" + path + ",size=" + size;
  }

  @Test
  @DisplayName("ulimit -f: the limit is named; the signal that comes with it ends nothing")
  void fileSize() throws IOException, InterruptedException {
    String sentence =
        refused(
            with("ulimit -f 65536"),
            file("F", "128M"),
            "EFBIG",
            "files of 64M at most: raise ulimit -f");
    assertFalse(sentence.contains("free some space"), sentence);
  }

  @Test
  @DisplayName("ulimit -v: the limit is named, not the disk")
  void addressSpace() throws IOException, InterruptedException {
    refused(
        with("ulimit -v 67108864"),
        "memory-backend-ram,id=m,size=128G",
        "ENOMEM",
        "addresses for 64G at most: raise ulimit -v");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "loop/F   | ELOOP        | in a circle",
        "plain/F  | ENOTDIR      | should be a folder",
        "none/F   | ENOENT       | create the folder",
        "LONG     | ENAMETOOLONG | a name has at most 255 bytes",
      })
  @DisplayName("paths that lead nowhere: each is told why")
  void paths(String path, String errno, String words) throws IOException, InterruptedException {
    Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
    Files.createFile(folder.resolve("plain"));
    refused(List.of(), file(path.replace("LONG", "x".repeat(300)), "1M"), errno, words);
  }

  @ParameterizedTest
  @ValueSource(strings = {"private/F", "private/none"})
  @DisplayName("a folder that may not be searched: its rights are named, and no note in it")
  void unsearchable(String path) throws IOException, InterruptedException {
    // where nobody may come to: a build folder is root's own
    Path shared = Files.createTempDirectory(Path.of("/var/tmp"), "holdfast-test");
    try {
      Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
      Path closed = Files.createDirectory(shared.resolve("private"));
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
      Files.createFile(closed.resolve("F"));
      Path jar = Files.copy(Holdfast.jar(), shared.resolve("holdfast.jar"));
      List<String> command =
          new ArrayList<>(
              List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"));
      List<String> arguments =
          List.of("-probe", "json", "-object", file(shared.resolve(path).toString(), "1M"));
      command.addAll(Holdfast.command(jar, List.of(), arguments));
      Assumptions.assumeTrue(
          HostCommand.run(
                  "setpriv",
                  "--reuid=65534",
                  "--regid=65534",
                  "--clear-groups",
                  "test",
                  "-x",
                  Holdfast.java().toString())
              .isEmpty(),
          "needs root, and a Java that everybody may run");
      try (Holdfast holdfast = Holdfast.startCommand(command, folder)) {
        String sentence = holdfast.awaitEnd().refusal();
        assertTrue(sentence.contains("EACCES"), sentence);
        assertTrue(sentence.contains("each folder above it"), sentence);
        assertFalse(sentence.contains(".json"), sentence);
      }
    } finally {
      assertEquals("", HostCommand.run("rm", "-r", shared.toString()));
    }
  }

  @ParameterizedTest(name = "chattr +{0}")
  @CsvSource({"i", "a"})
  @DisplayName("an immutable and an append-only file: chattr is named, not the path")
  void immutable(String attribute) throws IOException, InterruptedException {
    Path file = Files.write(folder.resolve("F"), new byte[1 << 20]);
    chattr("+" + attribute, file);
    try {
      refused(List.of(), file("F", "1M"), "EPERM", "chattr -i -a");
    } finally {
      chattr("-" + attribute, file);
    }
  }

  @Test
  @DisplayName("an immutable folder")
  void immutableFolder() throws IOException, InterruptedException {
    chattr("+i", folder);
    try {
      refused(List.of(), file("F", "1M"), "EPERM", "its folder is immutable", "chattr -i");
    } finally {
      chattr("-i", folder);
    }
  }

  private static void chattr(String change, Path file) throws InterruptedException {
    String said = HostCommand.run("chattr", change, file.toString());
    Assumptions.assumeTrue(
        said.isEmpty(), () -> "needs root, chattr(1) and a disk that knows attributes: " + said);
  }

  @Test
  @DisplayName("a file system with space and without inodes; the same one without space")
  void inodes() throws IOException, InterruptedException {
    try (SmallTmpfs disk = SmallTmpfs.mount(folder, "size=4m,nr_inodes=3")) {
      Files.createFile(folder.resolve("a"));
      Files.createFile(folder.resolve("b"));
      String sentence = refused(List.of(), file("F", "1M"), "ENOSPC", "no inode", "nr_inodes=");
      assertFalse(sentence.contains("ask for less"), sentence);
      refused(List.of(), file(".", "1M"), "ENOSPC", "no inode", "nr_inodes=");
      refused(
          List.of(), file("a", "8M"), "ENOSPC", "tmpfs there has 4M free of 4M", "greater size=");
    }
  }

  @Test
  @ResourceLock("huge pages of 2 MiB")
  @DisplayName("huge pages: a mount's own limit is told from the host's pool")
  void hugePages() throws IOException, InterruptedException {
    Path count = POOL.resolve("nr_hugepages");
    Assumptions.assumeTrue(Files.isWritable(count), "only root can provide huge pages");
    String before = Files.readString(count).strip();
    Path mount = Files.createDirectory(folder.resolve("huge"));
    Files.writeString(count, "" + (Long.parseLong(before) + 4));
    try {
      Assumptions.assumeTrue(
          Long.parseLong(Files.readString(POOL.resolve("free_hugepages")).strip()) >= 4,
          "this host grants no huge pages");
      mounted(
          mount,
          "pagesize=2M,size=4M",
          () ->
              refused(
                  List.of(),
                  file("huge/F", "6M"),
                  "its mount of hugetlbfs is limited to 4M",
                  "greater size="));
      for (String object :
          List.of(
              file("huge/F", "1G"),
              "memory-backend-memfd,id=m,hugetlb=on,hugetlbsize=2M,size=1G")) {
        mounted(
            mount,
            "pagesize=2M",
            () -> refused(List.of(), object, "huge pages of 2M to spare", "vm.nr_hugepages"));
      }
    } finally {
      Files.writeString(count, before);
    }
  }

  private interface Check {
    void run() throws IOException, InterruptedException;
  }

  private static void mounted(Path folder, String options, Check check)
      throws IOException, InterruptedException {
    String said =
        HostCommand.run("mount", "-t", "hugetlbfs", "-o", options, "hugetlbfs", folder.toString());
    Assumptions.assumeTrue(said.isEmpty(), () -> "hugetlbfs can't be mounted: " + said);
    try {
      check.run();
    } finally {
      HostCommand.unmount(folder);
    }
  }

  @Test
  @DisplayName("more memory than the host has: what can be set is named, and no disk")
  void overcommit() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Files.readString(Path.of("/proc/sys/vm/overcommit_memory")).strip().equals("0"),
        "this host promises memory by another rule");
    refused(
        List.of(), "memory-backend-ram,id=m,size=16T", "ENOMEM", "more memory than", "reserve=off");
  }
}
