package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The process: where it keeps its bundles and native libraries, who can reach them, how it starts
 * where that is difficult, how it ends, and whether what it prints comes out.
 */
class ProcessIT {
  private static final List<String> MACHINE =
      List.of("-object", "memory-backend-file,id=m,mem-path=F,size=4M,share=on");
  private static final List<String> PROBE =
      Stream.concat(Stream.of("-probe", "json"), MACHINE.stream()).toList();

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;
  private Path temporary;

  @BeforeEach
  void makeFolders() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
    temporary = Files.createDirectory(scratch.resolve("tmp"));
  }

  /** A command that is run by a shell, with what follows as its arguments. */
  private static List<String> shell(String script) {
    return List.of("bash", "-c", script, "bash");
  }

  private List<String> withTemporary() {
    return List.of("env", "TMPDIR=" + temporary);
  }

  private static List<Path> content(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private Holdfast.Ended run(List<String> through, List<String> arguments)
      throws IOException, InterruptedException {
    try (Holdfast holdfast = Holdfast.start(through, folder, arguments)) {
      return holdfast.awaitEnd();
    }
  }

  @Test
  @DisplayName("the private folder is made once, never removed before the end, and then is gone")
  void madeOnce() throws Exception {
    try (WatchService watch = FileSystems.getDefault().newWatchService()) {
      temporary.register(
          watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);

      assertEquals(0, run(withTemporary(), PROBE).status());

      assertEquals(
          List.of(StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE),
          events(watch));
    }
  }

  @Test
  @DisplayName("whatever the umask, nobody else can look into it; bundles and libraries are there")
  void privateWhateverTheUmask() throws Exception {
    for (String mask : List.of("0", "777")) {
      List<String> through = shell("umask " + mask + "; TMPDIR=" + temporary + " exec \"$@\"");
      List<String> memory = List.of("-object", "memory-backend-memfd,id=m,size=4M,share=on");
      try (Holdfast holdfast = Holdfast.start(through, folder, memory)) {
        holdfast.awaitMaps(maps -> maps.stream().anyMatch(line -> line.contains("memfd:")));

        List<Path> made = content(temporary);
        assertEquals(1, made.size(), made::toString);
        assertEquals(
            PosixFilePermissions.fromString("rwx------"),
            Files.getPosixFilePermissions(made.getFirst()));
        List<String> elsewhere =
            holdfast.smaps().stream()
                .filter(line -> line.contains("jna") && !line.contains("" + made.getFirst()))
                .toList();
        assertEquals(List.of(), elsewhere);

        holdfast.terminate();
        assertEquals(128 + 15, holdfast.awaitEnd().status());
      }
      assertEquals(List.of(), content(temporary));
    }
  }

  @Test
  @DisplayName("an orderly end has nothing to tell: no region is said to lose its allocator")
  void quietEnd() throws Exception {
    List<String> machine = new ArrayList<>(MACHINE);
    machine.addAll(
        List.of("-object", "memory-backend-file,id=p,mem-path=P,size=4M,share=on,pmem=on"));
    List<String> command =
        Holdfast.command(Holdfast.jar(), List.of("-Dholdfast.log=INFO"), machine);
    try (Holdfast holdfast = Holdfast.startCommand(command, folder)) {
      holdfast.awaitError("the machine is up: ");
      holdfast.terminate();

      List<String> told = holdfast.awaitEnd().err();
      assertTrue(told.getLast().contains("the machine is up: "), told::toString);
    }
  }

  @Test
  @DisplayName("what a killed process left is swept away by a later start; a living one's stays")
  void swept() throws Exception {
    Path link = Files.createSymbolicLink(temporary.resolve("holdfast.1"), folder);
    Path kept = Files.createFile(folder.resolve("kept"));
    try (Holdfast living = Holdfast.start(withTemporary(), folder, MACHINE)) {
      living.awaitMapped(folder.resolve("F"));
      List<Path> before = content(temporary);
      List<String> other =
          List.of("-object", "memory-backend-file,id=m,mem-path=G,size=4M,share=on");
      try (Holdfast killed = Holdfast.start(withTemporary(), folder, other)) {
        killed.awaitMapped(folder.resolve("G"));
        killed.kill();
      }
      assertEquals(before.size() + 1, content(temporary).size());

      assertEquals(0, run(withTemporary(), List.of("-object", "help")).status());

      assertEquals(before, content(temporary));
      living.terminate();
      assertEquals(128 + 15, living.awaitEnd().status());
    }
    assertEquals(List.of(link), content(temporary));
    assertTrue(Files.exists(kept));
  }

  @ParameterizedTest
  @ValueSource(strings = {"noexec", "ro", "size=1m", "size=8m", "nr_inodes=20"})
  @DisplayName("a temporary folder that won't do: another one is taken, and nothing is left in it")
  void anotherFolder(String mount) throws Exception {
    requireNamespace();
    List<String> through =
        List.of(
            "unshare",
            "-m",
            "bash",
            "-c",
            "mount -t tmpfs -o "
                + mount
                + " none \"$0\" || exit 99; TMPDIR=$0 \"$@\"; status=$?; ls \"$0\" >&2;"
                + " exit $status",
            temporary.toString());

    Holdfast.Ended ended = run(through, PROBE);

    assertEquals(List.of(), ended.err());
    assertEquals(0, ended.status());
  }

  @Test
  @DisplayName("no folder will do: one sentence names each, what it lacks and what to set")
  void noFolder() throws Exception {
    requireNamespace();
    for (String hidden : List.of("/tmp", "/var/tmp", "/dev/shm")) {
      assumeFalse(
          temporary.toAbsolutePath().startsWith(hidden),
          "this test mounts something over " + hidden + ", where the checkout is");
    }
    List<String> through =
        List.of(
            "unshare",
            "-m",
            "bash",
            "-c",
            "for place in /tmp /var/tmp /dev/shm; do"
                + " mount -t tmpfs -o ro none $place || exit 99; done;"
                + " mount -t tmpfs -o noexec none \"$0\" || exit 99;"
                + " unset XDG_RUNTIME_DIR; XDG_CACHE_HOME=/proc/none TMPDIR=$0 exec \"$@\"",
            temporary.toString());

    String sentence = run(through, PROBE).refusal();

    for (String word :
        List.of(temporary + ": nothing in it can be executed", "/tmp: Read-only", "set TMPDIR")) {
      assertTrue(sentence.contains(word), sentence);
    }
    assertTrue(run(through, List.of("-version")).out().startsWith("holdfast 0."));
    assertTrue(run(through, List.of("-help")).out().startsWith("usage: holdfast"));
  }

  @ParameterizedTest
  @CsvSource({
    "ulimit -n 25, Too many open files, (ulimit -n)",
    "ulimit -f 1024, File too large, (ulimit -f)"
  })
  @DisplayName("a limit of the process is named, and no other folder asked for; on one line")
  void limits(String limit, String reason, String advice) throws Exception {
    Path evil = Files.createDirectory(temporary.resolve("e\u001b[31mvil\u009b\u202e\n"));
    List<String> through = shell(limit + "; LC_ALL=C.UTF-8 TMPDIR='" + evil + "' exec \"$@\"");

    String sentence = run(through, PROBE).refusal();

    for (String word : List.of("/e\\u001b[31mvil\\u009b\\u202e\\u000a: ", reason, advice)) {
      assertTrue(sentence.contains(word), sentence);
    }
    assertFalse(sentence.contains("set TMPDIR"), sentence);
  }

  private static void requireNamespace() throws IOException, InterruptedException {
    Process unshare =
        new ProcessBuilder("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt").start();
    Assumptions.assumeTrue(
        unshare.waitFor(30, TimeUnit.SECONDS) && unshare.exitValue() == 0,
        "needs the right to mount in a namespace of its own");
  }

  @Test
  @DisplayName("a place where others could put a folder of theirs in its place is not taken")
  void placeOfOthers() throws Exception {
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxrwxrwx"));
    try (WatchService watch = FileSystems.getDefault().newWatchService()) {
      temporary.register(watch, StandardWatchEventKinds.ENTRY_CREATE);

      assertEquals(0, run(withTemporary(), PROBE).status());

      assertEquals(List.of(), events(watch));
    }
  }

  /**
   * What happened in a folder, without the file of mode 0600 that libffi makes there and unlinks at
   * once, for code that it has to write and execute.
   */
  private static List<WatchEvent.Kind<?>> events(WatchService watch) throws InterruptedException {
    List<WatchEvent.Kind<?>> kinds = new ArrayList<>();
    for (var key = watch.poll(10, TimeUnit.SECONDS); key != null; key = watch.poll()) {
      key.pollEvents().stream()
          .filter(event -> !event.context().toString().startsWith("ffi"))
          .forEach(event -> kinds.add(event.kind()));
      key.reset();
    }
    return kinds;
  }

  /** A locale for each kind of digits that there is, and one with letters of its own. */
  static Stream<String> locales() {
    Map<Character, String> byDigit =
        Arrays.stream(Locale.getAvailableLocales())
            .filter(locale -> !locale.getCountry().isEmpty() && locale.getScript().isEmpty())
            .collect(
                Collectors.toMap(
                    locale -> DecimalFormatSymbols.getInstance(locale).getZeroDigit(),
                    Locale::toLanguageTag,
                    (first, second) -> first,
                    TreeMap::new));
    byDigit.remove('0');
    assertFalse(byDigit.isEmpty());
    return Stream.concat(byDigit.values().stream(), Stream.of("ar-EG", "tr-TR"));
  }

  @ParameterizedTest
  @MethodSource("locales")
  @DisplayName("it starts in every locale, and writes numbers as everywhere")
  void everyLocale(String tag) throws Exception {
    Locale locale = Locale.forLanguageTag(tag);
    List<String> jvm =
        List.of("-Duser.language=" + locale.getLanguage(), "-Duser.country=" + locale.getCountry());
    try (Holdfast holdfast =
        Holdfast.startCommand(Holdfast.command(Holdfast.jar(), jvm, PROBE), folder)) {
      Holdfast.Ended ended = holdfast.awaitEnd();

      assertEquals(0, ended.status(), () -> "" + ended.err());
      assertTrue(ended.out().chars().allMatch(c -> c < 128), ended.out());
      assertTrue(ended.json().containsKey("backends"));
    }
  }

  @Test
  @DisplayName("bundles that can't be resolved: one sentence that names them, not silence")
  void unresolved() throws Exception {
    Path broken = Files.copy(Holdfast.jar(), scratch.resolve("broken.jar"));
    try (FileSystem inside = FileSystems.newFileSystem(broken)) {
      Path properties = inside.getPath("launcher.properties");
      String text = Files.readString(properties, UTF_8);
      String without = text.replaceFirst("jar/jackson-core-[^,]*,", "");
      assertFalse(without.equals(text));
      Files.writeString(properties, without, UTF_8);
    }
    try (Holdfast holdfast =
        Holdfast.startCommand(Holdfast.command(broken, List.of(), PROBE), folder)) {
      String sentence = holdfast.awaitEnd().refusal();

      assertTrue(sentence.contains("holdfast.launcher"), sentence);
      assertTrue(sentence.contains("com.fasterxml.jackson.core"), sentence);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-version", "-help", "-object help", "-probe json", "-probe"})
  @DisplayName("what can't be written to standard output is a failure, in one sentence")
  void fullDisk(String arguments) throws Exception {
    Holdfast.Ended ended = run(shell("exec \"$@\" > /dev/full"), List.of(arguments.split(" ")));

    assertTrue(ended.refusal().contains("No space left on device"), () -> "" + ended.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-help", "-object help", "-probe json"})
  @DisplayName("a reader that has gone, as head(1): a failure without a word")
  void closedPipe(String arguments) throws Exception {
    Holdfast.Ended ended =
        run(shell("\"$@\" | true; exit ${PIPESTATUS[0]}"), List.of(arguments.split(" ")));

    assertEquals(
        List.of(), ended.err().stream().filter(line -> !line.contains(" warning: ")).toList());
    assertEquals(1, ended.status());
  }

  @ParameterizedTest
  @ValueSource(ints = {50, 150, 250, 350, 450, 600, 750, 900, 1100, 1500})
  @DisplayName("SIGTERM at any moment of the start: the usual status, no word, nothing left")
  void terminatedEarly(int millis) throws Exception {
    try (Holdfast holdfast = Holdfast.start(withTemporary(), folder, MACHINE)) {
      holdfast.runFor(millis);
      holdfast.terminate();
      Holdfast.Ended ended = holdfast.awaitEnd();

      // the JVM's own word, where the signal meets it before it has come to our code
      if (!ended.out().startsWith("Error occurred during initialization of VM")) {
        List<String> ours =
            ended.err().stream()
                .filter(line -> !line.contains("Runtime.exit(143) logging"))
                .toList();
        assertEquals(List.of(), ours);
        assertEquals("", ended.out());
        assertEquals(128 + 15, ended.status());
      }
    }
    assertEquals(List.of(), content(temporary));
    Path file = folder.resolve("F");
    // it is there when the machine was up
    assertTrue(Files.notExists(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) == 4 << 20);
  }
}
