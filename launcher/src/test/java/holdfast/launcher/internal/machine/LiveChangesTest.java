package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.MemoryAdvice;
import holdfast.machine.core.Backend;
import holdfast.machine.core.FakeBlock;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** What changes of a backend's configuration do while it is in use. On blocks that are fakes. */
@Timeout(120)
class LiveChangesTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger(BackendFollower.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final MachineFixture there = new MachineFixture().withFile().withDax();
  private Backend open;

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
    logger.setAdditive(false);
  }

  @AfterEach
  void close() {
    there.close();
    logger.detachAppender(log);
    logger.setLevel(null);
    logger.setAdditive(true);
  }

  /** A machine with the backend {@code m0}. */
  private void comeUp(String... properties) throws InterruptedException {
    comeUpOn(List.of(), properties);
  }

  private void comeUpOn(List<String> machine, String... properties) throws InterruptedException {
    there.backend("m0", properties);
    there.nvdimm("nv0", "m0");
    String[] all = new String[machine.size() + 2];
    all[0] = "objects=m0";
    all[1] = "devices=nv0";
    for (int i = 0; i < machine.size(); i++) {
      all[i + 2] = machine.get(i);
    }
    there.machine(all);
    open = there.up().find("m0").orElseThrow();
  }

  /** The configuration of {@code m0} is written anew, and looked at by the machine. */
  private void configure(String... properties) throws InterruptedException {
    there.backend("m0", properties);
    there.awaitFollowed();
  }

  private FakeBlock block() {
    return (FakeBlock) open.region().status().block();
  }

  private String inForce(String property) {
    return open.properties().get(property);
  }

  private void assertWarned(String... sentences) {
    assertEquals(
        List.of(sentences), log.list.stream().map(ILoggingEvent::getFormattedMessage).toList());
    assertTrue(log.list.stream().allMatch(event -> event.getLevel() == Level.WARN));
  }

  @ParameterizedTest
  @CsvSource({
    "merge,off,false,true,false",
    "dump,off,true,false,false",
    "discard-data,on,true,true,true",
  })
  @DisplayName("merge, dump and discard-data take effect at once, and back again")
  void adviceIsFollowed(
      String property, String value, boolean merge, boolean dump, boolean discardData)
      throws Exception {
    comeUp();
    assertEquals(MemoryAdvice.DEFAULT, block().advice());

    configure(property + "=" + value);
    assertEquals(new MemoryAdvice(merge, dump, discardData), block().advice());
    assertEquals(value, inForce(property));

    configure();
    assertEquals(MemoryAdvice.DEFAULT, block().advice());
    assertEquals(property.equals("discard-data") ? "off" : "on", inForce(property));
    assertWarned();
  }

  @Test
  @DisplayName(
      "what a backend leaves open is the machine's, at the start and when it is taken back")
  void whatIsLeftOpenIsTheMachines() throws Exception {
    comeUpOn(List.of("mem-merge=off", "dump-guest-core=off"), "merge=on");
    assertEquals(new MemoryAdvice(true, false, false), block().advice());
    assertEquals("on", inForce("merge"));
    assertEquals("off", inForce("dump"));

    configure("dump=on");
    assertEquals(new MemoryAdvice(false, true, false), block().advice());
    assertEquals("off", inForce("merge"));
    assertEquals("on", inForce("dump"));
  }

  @Test
  @DisplayName("advice is the block's, and outlives an exchange of the allocator")
  void adviceOutlivesAnExchange() throws Exception {
    comeUp("pmem=on");
    configure("pmem=on", "dump=off");
    there.unregister(there.dax);

    assertEquals("file", open.region().status().allocator());
    assertEquals("off", inForce("dump"));
  }

  @Test
  @DisplayName(
      "prealloc=on makes all pages present now; off again changes nothing, nor do the rest")
  void preallocates() throws Exception {
    comeUp("prealloc-threads=2");
    assertFalse(block().isPreallocated());

    configure("prealloc-threads=2", "prealloc=on");
    assertTrue(block().isPreallocated());
    assertEquals("on", inForce("prealloc"));

    configure("prealloc-threads=2", "prealloc=off", "dump=off");
    assertEquals("on", inForce("prealloc"), "the pages are there, whatever is configured");
    assertEquals("off", inForce("dump"));
    assertWarned();
  }

  @Test
  @DisplayName(
      "a late preallocation that fails: told, prealloc=off in force, the rest is taken over")
  void aLatePreallocationFails() throws Exception {
    comeUp();
    block().breakDisk();

    configure("prealloc=on", "dump=off", "discard-data=on", "align=2M");

    assertEquals("off", inForce("prealloc"));
    assertEquals("off", inForce("dump"));
    assertEquals("on", inForce("discard-data"));
    assertEquals(new MemoryAdvice(true, false, true), block().advice());
    assertWarned(
        "configuration holdfast.memory.backend.file~m0: align of memory backend 'm0' can't be changed"
            + " while it is in use; what is configured now holds from the machine's next start on",
        "configuration holdfast.memory.backend.file~m0: memory backend 'm0' on /m0: can't preallocate size=1M: ENOSPC (No space left on device);"
            + " free some space; prealloc=off stays in force");
  }

  @Test
  @DisplayName("prealloc=on where nothing is set aside: refused, and nothing is changed")
  void aContradictionIsRefused() throws Exception {
    comeUp("reserve=off");

    configure("reserve=off", "prealloc=on", "dump=off");

    assertFalse(block().isPreallocated());
    assertEquals("off", inForce("prealloc"));
    assertEquals(MemoryAdvice.DEFAULT, block().advice());
    assertWarned(
        "configuration holdfast.memory.backend.file~m0: memory-backend-file 'm0': prealloc=on and"
            + " reserve=off contradict each other: leave one of them out; what is open stays as it"
            + " is, and can't come up again like this");
  }

  @Test
  @DisplayName("of what can't be changed one warning names every property; what can be is")
  void theRestIsRefusedByName() throws Exception {
    comeUp();
    var before = open.properties();

    configure(
        "id=other",
        "size=4M",
        "mem-path=/elsewhere",
        "share=off",
        "align=2M",
        "offset=1M",
        "pmem=on",
        "rom=off",
        "prealloc-threads=2",
        "reserve=off",
        "host-nodes=0",
        "policy=bind",
        "x-durability=off",
        "x-follow-symlink=on",
        "merge=off");

    assertWarned(
        "configuration holdfast.memory.backend.file~m0: id, size, mem-path, share, align, offset,"
            + " pmem, rom, prealloc-threads, reserve, host-nodes, policy, x-durability,"
            + " x-follow-symlink of memory backend 'm0' can't be changed while it is in use; what is"
            + " configured now holds from the machine's next start on");
    assertEquals(ByteSize.mib(1), open.region().size());
    assertEquals(new MemoryAdvice(false, true, false), block().advice());
    var after = new LinkedHashMap<>(open.properties());
    assertEquals("off", after.put("merge", "on"));
    assertEquals(before, after);
  }

  @ParameterizedTest
  @CsvSource({
    "align=3K,   false",
    "align=2M,   true",
    "mem-path=/m0/,  false",
    "mem-path=/no/such/place,  false",
    "mem-path=/proc/self/exe,  false",
    "mem-path=/elsewhere,  true",
    "allocator.target=(x, false",
  })
  @DisplayName("a warning says whether the machine could come up with what is written now")
  void tellsWhetherItCanComeUp(String property, boolean can) throws Exception {
    comeUp();
    configure(property);
    assertEquals(1, log.list.size());
    String sentence = log.list.getFirst().getFormattedMessage();
    assertTrue(
        sentence.startsWith("configuration holdfast.memory.backend.file~m0: "), () -> sentence);
    assertTrue(
        sentence.endsWith(
            can
                ? "; what is configured now holds from the machine's next start on"
                : "; what is open stays as it is, and can't come up again like this"),
        () -> sentence);
  }

  @Test
  @DisplayName(
      "a mistake that was mended is told: one line that the configuration is followed again")
  void aMendedMistakeIsTold() throws Exception {
    logger.setLevel(Level.INFO);
    comeUp();
    configure("dump=off");
    assertWarned();
    for (String mistake : List.of("dump=perhaps", "align=2M", "prealloc=on")) {
      if (mistake.equals("prealloc=on")) {
        block().breakDisk();
      }
      log.list.clear();
      configure(mistake);
      assertEquals(1, log.list.size());
      configure("dump=off");
      configure("dump=off", "merge=off");
      assertEquals(2, log.list.size());
      assertEquals(Level.INFO, log.list.getLast().getLevel());
      assertEquals(
          "configuration holdfast.memory.backend.file~m0 is followed again: what it says is in force",
          log.list.getLast().getFormattedMessage());
    }
  }

  @Test
  @DisplayName("a mistake among live values: told, and nothing is changed")
  void aMistakeChangesNothing() throws Exception {
    comeUp();

    configure("dump=off", "merge=perhaps");

    assertEquals(MemoryAdvice.DEFAULT, block().advice());
    assertEquals(1, log.list.size());
    String sentence = log.list.getFirst().getFormattedMessage();
    assertTrue(
        sentence.startsWith(
            "configuration holdfast.memory.backend.file~m0: merge=perhaps is neither on nor off: write on or off"),
        sentence);
    assertTrue(
        sentence.endsWith("; what is open stays as it is, and can't come up again like this"),
        sentence);
  }
}
