package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BlockExchange;
import holdfast.backend.api.RamBlock;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever changes a region holds its lease, and nobody else does meanwhile. */
@Timeout(60)
class RegionLeaseTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final RegionFixture there = new RegionFixture();
  private Region region;

  @BeforeEach
  void open() throws Exception {
    there.addFile();
    region = there.open(RegionFixture.SHARED);
  }

  @AfterEach
  void close() {
    region.close();
  }

  @Test
  @DisplayName("there is one lease at a time; whoever waits for it gets it when it ends")
  void oneAtATime() throws Exception {
    RegionLease first = region.acquire(Duration.ZERO).orElseThrow();
    assertSame(region, first.region());
    assertTrue(region.acquire(Duration.ofMillis(1)).isEmpty());

    CompletableFuture<RegionLease> second =
        CompletableFuture.supplyAsync(() -> region.acquire(LONG).orElseThrow());
    first.close();
    second.get(30, TimeUnit.SECONDS).close();
  }

  @Test
  @DisplayName("a lease ends once: to close it again takes nothing from its next holder")
  void endsOnce() {
    RegionLease first = region.acquire(Duration.ZERO).orElseThrow();
    first.close();
    RegionLease second = region.acquire(Duration.ZERO).orElseThrow();
    first.close();
    assertTrue(region.acquire(Duration.ZERO).isEmpty());
    second.close();
    region.acquire(Duration.ZERO).orElseThrow().close();
  }

  @Test
  @DisplayName("while it is held no allocator re-maps the region; the best one does when it ends")
  void allocatorsWait() {
    try (RegionLease _ = region.acquire(Duration.ZERO).orElseThrow()) {
      there.addDax();
      assertEquals("file", region.status().allocator());
    }
    assertEquals("dax", region.status().allocator());
  }

  @Test
  @DisplayName("after its end it installs nothing")
  void nothingAfterItsEnd() throws Exception {
    RegionLease lease = region.acquire(Duration.ZERO).orElseThrow();
    lease.close();
    RamBlock before = region.status().block();
    RamBlock next = there.file.allocate(RegionFixture.SHARED);
    Candidate maker = region.best(RegionFixture.SHARED).orElseThrow();
    assertThrows(IllegalStateException.class, () -> lease.install(next, maker));
    assertSame(before, region.status().block());
    assertThrows(IllegalStateException.class, lease::announce);
    assertEquals(0, there.told.size());
    next.close();
  }

  @Test
  @DisplayName("what an exchange left is released with the lease, whatever failed after it")
  @SuppressWarnings("NullAway") // a failure at that very moment
  void failsAfterTheExchange() {
    AtomicInteger released = new AtomicInteger();
    RamBlock next =
        (RamBlock)
            Proxy.newProxyInstance(
                RamBlock.class.getClassLoader(),
                new Class<?>[] {RamBlock.class},
                (_, _, arguments) ->
                    new BlockExchange((RamBlock) arguments[0], released::incrementAndGet));
    try (RegionLease lease = region.acquire(Duration.ZERO).orElseThrow()) {
      assertThrows(NullPointerException.class, () -> lease.install(next, null));
      assertEquals(0, released.get());
    }
    assertEquals(1, released.get());
  }

  @Test
  @DisplayName("a region that has ended has none, and one that was held at the end can be closed")
  void ended() {
    RegionLease lease = region.acquire(Duration.ZERO).orElseThrow();
    region.close();
    lease.close();
    assertTrue(region.acquire(Duration.ZERO).isEmpty());
  }

  @Test
  @DisplayName("a thread that is interrupted while it waits gets none, and stays interrupted")
  void interrupted() throws Exception {
    RegionLease first = region.acquire(Duration.ZERO).orElseThrow();
    CountDownLatch ended = new CountDownLatch(1);
    boolean[] seen = new boolean[2];
    Thread waiting =
        Thread.ofPlatform()
            .start(
                () -> {
                  seen[0] = region.acquire(Duration.ofHours(1)).isPresent();
                  seen[1] = Thread.currentThread().isInterrupted();
                  ended.countDown();
                });
    waiting.interrupt();
    assertTrue(ended.await(30, TimeUnit.SECONDS));
    assertFalse(seen[0]);
    assertTrue(seen[1]);
    first.close();
  }
}
