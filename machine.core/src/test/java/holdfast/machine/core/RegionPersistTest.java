package holdfast.machine.core;

import static holdfast.machine.core.RegionFixture.block;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A persist returns the granularity that held, also across an exchange; a failed one is final. */
@Timeout(60)
class RegionPersistTest {
  private static final long LIMIT_SECONDS = 30;

  private final RegionFixture there = new RegionFixture();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void close() {
    threads.shutdownNow();
    there.close();
  }

  @Test
  void returnsWhatThePresentBlockGives() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    assertEquals(Granularity.PAGE, region.persist(0, 8192));

    there.addDax();
    assertEquals(Granularity.CACHE_LINE, region.persist(8191, 1));
  }

  @Test
  void ofARangeOutsideNothingIsPersisted() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    assertThrows(IndexOutOfBoundsException.class, () -> region.persist(8192, 1));
    assertEquals(RegionState.ATTACHED, region.state());
  }

  /** An exchange that has retired the old block and now waits for {@link #goOn}. */
  private final class HeldExchange implements AutoCloseable {
    private final CountDownLatch oldBlockRetired = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final Future<?> thread;

    HeldExchange(FakeAllocator.Step outcome) throws InterruptedException {
      there.dax.afterRetiring(
          spec -> {
            oldBlockRetired.countDown();
            await(goOn);
            outcome.take(spec);
          });
      thread = threads.submit(there::addDax);
      await(oldBlockRetired);
    }

    void finish() throws Exception {
      goOn.countDown();
      thread.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      goOn.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(LIMIT_SECONDS, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName("during an exchange it waits: no granularity is reported that no longer holds")
  void waitsForAnExchangeAndReportsItsOutcome() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    CountDownLatch metTheRetiredBlock = new CountDownLatch(1);
    AtomicInteger times = new AtomicInteger();
    block(region)
        .onRetiredPersist(
            () -> {
              times.incrementAndGet();
              metTheRetiredBlock.countDown();
            });

    try (HeldExchange exchange = new HeldExchange(spec -> {})) {
      Future<Granularity> persist = threads.submit(() -> region.persist(0, 4096));
      await(metTheRetiredBlock);
      assertFalse(persist.isDone());

      exchange.finish();

      assertEquals(Granularity.CACHE_LINE, persist.get(LIMIT_SECONDS, TimeUnit.SECONDS));
      assertEquals(1, times.get(), "the retired block is asked once");
    }
  }

  @Test
  @DisplayName("one that fails on a block that is being replaced is repeated on its successor")
  void aFailureOfTheOldBlockIsNotTheNewOnes() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    block(region).breakDisk();
    block(region)
        .onFailedPersist(
            () -> {
              there.addDax();
              block(region).mendDisk(); // the new one is elsewhere
            });

    assertEquals(Granularity.CACHE_LINE, region.persist(0, 4096));
    assertEquals(RegionState.ATTACHED, region.state());
  }

  @Test
  @DisplayName("readers of the region's state don't wait for an exchange")
  void nothingElseWaits() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    try (HeldExchange exchange = new HeldExchange(spec -> {})) {
      Future<Granularity> reader =
          threads.submit(
              () -> {
                region.segment().fill((byte) 1);
                assertEquals(RegionState.ATTACHED, region.state());
                assertEquals("file", region.status().allocator());
                return region.durability().obtained();
              });

      assertEquals(Granularity.PAGE, reader.get(LIMIT_SECONDS, TimeUnit.SECONDS));
      exchange.finish();
    }
  }

  @Test
  @DisplayName("a persist that meets a re-map which is then refused goes to the old block")
  void aRefusedExchangeDisturbsNoPersist() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    there.dax.beforeRemap(
        spec -> {
          try {
            assertEquals(
                Granularity.PAGE,
                threads.submit(() -> region.persist(0, 1)).get(LIMIT_SECONDS, TimeUnit.SECONDS));
          } catch (Exception e) {
            throw new AssertionError(e);
          }
          throw new MappingException(spec, "mmap", "ENOMEM", "none");
        });

    there.addDax();

    assertEquals(Granularity.PAGE, region.persist(0, 1));
    assertEquals("file", region.status().allocator());
  }

  @Test
  @DisplayName("a persist that fails marks the region failed, for good, and tells of it once")
  void aFailedPersistIsFinal() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    FakeBlock before = block(region);
    before.breakDisk();

    PersistException first = assertThrows(PersistException.class, () -> region.persist(0, 4096));
    assertThrows(PersistException.class, () -> region.persist(0, 4096));

    assertEquals(RegionState.FAILED, region.state());
    assertEquals("file", region.status().allocator());
    assertTrue(first.getMessage().endsWith(": " + region.status().note()));
    assertTrue(region.status().note().startsWith("4096 bytes from offset 0 could not be made"));
    assertEquals(1, there.told.size());

    there.addDax();
    there.candidates.remove(there.file);
    there.candidates.remove(there.dax);
    region.use(AllocatorFilter.ANY);

    assertEquals(RegionState.FAILED, region.state());
    assertEquals(before, block(region), "a failed region is not re-mapped");
    assertEquals(1, there.told.size());
  }

  @Test
  @DisplayName("a page that the host can't provide marks the region failed, its memory stays")
  void aLostPageFailsTheRegion() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    region.fail(new InternalError("a fault occurred in an unsafe memory access operation"));
    region.fail(new InternalError("again"));

    assertEquals(RegionState.FAILED, region.state());
    String lost = "a page is lost: the file was truncated, or its disk is full or failed";
    assertEquals(lost, region.status().note());
    assertEquals(1, there.told.size());
    assertTrue(region.segment().scope().isAlive());
    PersistException refused = assertThrows(PersistException.class, () -> region.persist(0, 4096));
    assertTrue(refused.getMessage().contains("it has failed before (" + lost + ")"));
    assertEquals(1, there.told.size());

    region.close();
    assertEquals(FakeBlock.End.CLOSED, block(region).end());
  }

  @Test
  void afterTheEndAPersistIsAnIllegalState() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    region.close();

    assertThrows(IllegalStateException.class, () -> region.persist(0, 1));
    assertEquals(RegionState.ATTACHED, region.state());
  }
}
