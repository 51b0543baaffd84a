package holdfast.itest;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.StampedLock;

/**
 * A guest at work in all of its memory, which knows at any time what every byte must be: a reader
 * and a writer through {@link GuestMemory}, a reader and a writer through {@link MemorySegment}s
 * directly, and threads that persist. The pages of each device go round the four: two of four are
 * written once and read over and over, two are written again and again, each time with other bytes
 * and after a look at those of the time before.
 */
final class GuestLoad implements AutoCloseable, GuestWriter {
  /** What the names of all its threads begin with. */
  static final String THREADS = "guest-";

  private static final int PAGE = 4096;
  private static final int ROLES = 4;
  private static final int GUEST_READER = 0;
  private static final int SEGMENT_READER = 1;
  private static final int GUEST_WRITER = 2;
  private static final int SEGMENT_WRITER = 3;
  private static final int LABEL_PAGE = 1 << 24;
  private static final long PACE_NANOS = 50_000;
  private static final long MOST_PERSISTED = 64 * PAGE;
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  private final GuestMemory memory;
  private final List<Board> boards = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final List<AtomicLong> steps = new ArrayList<>();
  private final Queue<Throwable> ends = new ConcurrentLinkedQueue<>();
  private volatile boolean stopped;

  /** Shared by each store that is under way, exclusively held while the guest is paused. */
  private final StampedLock storing = new StampedLock();

  private volatile long paused;

  /** A device and how often each of its pages was written. */
  private static final class Board {
    final int number;
    final MemoryDevice device;
    final int[] rounds;
    final boolean durable;

    Board(int number, MemoryDevice device) {
      this.number = number;
      this.device = device;
      this.rounds = new int[Math.toIntExact(device.size().bytes() / PAGE)];
      this.durable = device.region().durability().obtained() != Granularity.NONE;
    }

    GuestAddress address(int page) {
      return device.address().plus((long) page * PAGE);
    }
  }

  /** One thing that a thread does to one page. */
  private interface Step {
    void of(Board board, int page, MemorySegment wanted, MemorySegment found);
  }

  private GuestLoad(GuestMemory memory) {
    this.memory = memory;
    for (MemoryDevice device : memory.devices()) {
      boards.add(new Board(boards.size(), device));
    }
  }

  /** Fills all memory, labels too, and starts two readers and two writers. */
  static GuestLoad on(GuestMemory memory) {
    GuestLoad load = new GuestLoad(memory);
    load.fill();
    load.start("memory-reader", GUEST_READER, load::readByGuestMemory);
    load.start("memory-writer", GUEST_WRITER, load::writeByGuestMemory);
    load.start("segment-reader", SEGMENT_READER, GuestLoad::readBySegment);
    load.start("segment-writer", SEGMENT_WRITER, GuestLoad::writeBySegment);
    load.awaitProgress();
    return load;
  }

  private void fill() {
    for (Board board : boards) {
      for (int page = 0; page < board.rounds.length; page++) {
        pattern(board.device.segment().asSlice((long) page * PAGE, PAGE), board.number, page, 0);
      }
      board.device.label().ifPresent(label -> pattern(label, board.number, LABEL_PAGE, 0));
    }
  }

  private static void pattern(MemorySegment into, int board, int page, int round) {
    long word = ((long) board << 56 ^ (long) page << 28 ^ round) * 0x9E37_79B9_7F4A_7C15L;
    for (long at = 0; at < into.byteSize(); at += Long.BYTES) {
      into.set(WORD, at, word);
      word += 0x1_0000_0001L;
    }
  }

  /** Starts {@code count} threads more, which persist ranges at random. */
  GuestLoad persisting(int count) {
    for (int number = 0; number < count; number++) {
      Random random = new Random(number);
      AtomicLong done = new AtomicLong();
      steps.add(done);
      start(
          "persister-" + number,
          () -> {
            while (!stopped) {
              persist(boards.get(random.nextInt(boards.size())), random);
              done.incrementAndGet();
            }
          });
    }
    awaitProgress();
    return this;
  }

  private void persist(Board board, Random random) throws PersistException {
    long size = board.device.size().bytes();
    long from = random.nextLong(size);
    long length = Math.min(random.nextLong(MOST_PERSISTED), size - from);
    Granularity held = memory.persist(board.device.address().plus(from), new ByteSize(length));
    if (length > 0 && (held != Granularity.NONE) != board.durable) {
      throw new AssertionError("persisted " + board.device + " at granularity " + held);
    }
  }

  private void start(String name, int role, Step step) {
    AtomicLong done = new AtomicLong();
    steps.add(done);
    start(name, () -> goRound(role, step, done));
  }

  private void goRound(int role, Step step, AtomicLong done) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(PAGE, Long.BYTES);
      MemorySegment found = arena.allocate(PAGE, Long.BYTES);
      while (true) {
        for (Board board : boards) {
          for (int page = role; page < board.rounds.length; page += ROLES) {
            if (stopped) {
              return;
            }
            if (role == GUEST_WRITER || role == SEGMENT_WRITER) {
              long stamp = storing.readLock();
              try {
                step.of(board, page, wanted, found);
              } finally {
                storing.unlockRead(stamp);
              }
              LockSupport.parkNanos(PACE_NANOS); // what is dirty has to reach the disk
            } else {
              step.of(board, page, wanted, found);
            }
            done.incrementAndGet();
          }
        }
      }
    }
  }

  @Override
  public String name() {
    return "guest-load";
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    long stamp = storing.tryWriteLock(limit.toNanos(), TimeUnit.NANOSECONDS);
    paused = stamp;
    return stamp != 0;
  }

  @Override
  public void resume() {
    storing.unlockWrite(paused);
  }

  /** What a thread does until it is told to stop. */
  private interface Work {
    void run() throws PersistException;
  }

  private void start(String name, Work work) {
    threads.add(
        Thread.ofPlatform()
            .daemon()
            .name(THREADS + name)
            .start(
                () -> {
                  try {
                    work.run();
                  } catch (Exception | Error end) {
                    ends.add(end);
                  }
                }));
  }

  private void readByGuestMemory(Board board, int page, MemorySegment wanted, MemorySegment found) {
    memory.read(board.address(page), found);
    check(board, page, wanted, found, "guest memory");
    if (memory.getLong(board.address(page), NATIVE) != wanted.get(WORD, 0)) {
      throw wrong(board, page, "one word of guest memory");
    }
  }

  private void writeByGuestMemory(
      Board board, int page, MemorySegment wanted, MemorySegment found) {
    readByGuestMemory(board, page, wanted, found);
    pattern(wanted, board.number, page, board.rounds[page] + 1);
    memory.write(board.address(page), wanted);
    memory.setLong(board.address(page), wanted.get(WORD, 0), NATIVE);
    board.rounds[page]++;
  }

  private static void readBySegment(
      Board board, int page, MemorySegment wanted, MemorySegment found) {
    MemorySegment.copy(board.device.segment(), (long) page * PAGE, found, 0, PAGE);
    check(board, page, wanted, found, "the segment");
  }

  private static void writeBySegment(
      Board board, int page, MemorySegment wanted, MemorySegment found) {
    readBySegment(board, page, wanted, found);
    pattern(wanted, board.number, page, board.rounds[page] + 1);
    MemorySegment.copy(wanted, 0, board.device.segment(), (long) page * PAGE, PAGE);
    board.rounds[page]++;
  }

  private static void check(
      Board board, int page, MemorySegment wanted, MemorySegment found, String where) {
    pattern(wanted, board.number, page, board.rounds[page]);
    if (wanted.mismatch(found) >= 0) {
      throw wrong(board, page, where);
    }
  }

  private static AssertionError wrong(Board board, int page, String where) {
    return new AssertionError(
        where
            + " of "
            + board.device
            + " is not as the guest left it in page "
            + page
            + ", round "
            + board.rounds[page]);
  }

  /** Waits until every thread has got on, and none has met an error. */
  void awaitProgress() {
    List<Long> goals = steps.stream().map(done -> done.get() + 2).toList();
    Await.until(
        "at work in every thread",
        () -> {
          requireNoEnd();
          return steps.stream().map(AtomicLong::get).toList();
        },
        now -> {
          for (int i = 0; i < goals.size(); i++) {
            if (now.get(i) < goals.get(i)) {
              return false;
            }
          }
          return true;
        });
  }

  /** How many pages were read and written, and ranges persisted, so far. */
  long steps() {
    return steps.stream().mapToLong(AtomicLong::get).sum();
  }

  /**
   * @throws AssertionError if a thread read a wrong byte, or could not read, write or persist
   */
  void requireNoEnd() {
    if (!ends.isEmpty()) {
      AssertionError error = new AssertionError("the guest met: " + ends.peek());
      ends.forEach(error::addSuppressed);
      throw error;
    }
  }

  /** Waits until every thread was thrown out of the memory. What each was told. */
  List<Throwable> awaitEnds() {
    threads.forEach(Await::end);
    return List.copyOf(ends);
  }

  /** Stops every thread after what it is doing; none may have met an error. */
  void stop() {
    stopped = true;
    threads.forEach(Await::end);
    requireNoEnd();
  }

  /** Whether every byte of guest memory, labels too, is as it was left. After {@link #stop}. */
  void checkMemory() {
    for (Board board : boards) {
      check(board, board.device.segment(), "guest memory");
      board.device.label().ifPresent(label -> checkLabel(board, label));
    }
  }

  /**
   * Whether every byte of a file, read through an open of its own, is as it was left in the device
   * that stands on it. After {@link #stop}.
   */
  void checkFile(String deviceId, Path file) {
    Board board =
        boards.stream().filter(b -> b.device.id().equals(deviceId)).findFirst().orElseThrow();
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment bytes = arena.allocate(channel.size(), PAGE);
      long size = board.device.size().bytes();
      for (long at = 0; at < bytes.byteSize(); ) {
        at += channel.read(bytes.asSlice(at).asByteBuffer(), at);
      }
      check(board, bytes.asSlice(0, size), file.toString());
      if (board.device.labelSize().bytes() > 0) {
        checkLabel(board, bytes.asSlice(size));
      }
    } catch (IOException e) {
      throw new AssertionError(file.toString(), e);
    }
  }

  private static void check(Board board, MemorySegment bytes, String where) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(PAGE, Long.BYTES);
      for (int page = 0; page < board.rounds.length; page++) {
        check(board, page, wanted, bytes.asSlice((long) page * PAGE, PAGE), where);
      }
    }
  }

  private static void checkLabel(Board board, MemorySegment label) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(board.device.labelSize().bytes(), Long.BYTES);
      pattern(wanted, board.number, LABEL_PAGE, 0);
      if (wanted.mismatch(label) >= 0) {
        throw new AssertionError("the label of " + board.device + " is not as it was left");
      }
    }
  }

  /** Stops the threads, whatever they have met. */
  @Override
  public void close() {
    stopped = true;
    threads.forEach(Await::end);
  }
}
