package holdfast.machine.swap;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.GivenUpException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A live swap, from its preparation to its end, in a thread of its own.
 *
 * <p>No step that can fail is left for after the new block is in the window: until then every
 * failure is rolled back.
 */
final class SwapTask implements RunningSwap, Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(SwapTask.class);

  private final SwapOrder order;
  private final Preparation preparation;
  private final Consumer<SwapTask> ended;
  private final CountDownLatch end = new CountDownLatch(1);

  private Optional<LiveCopy> copy = Optional.empty();

  private Optional<Switchover> switchover = Optional.empty();

  /**
   * @param ended called at the end; ends the lease of the region
   */
  SwapTask(SwapOrder order, Consumer<SwapTask> ended) {
    this.order = order;
    this.preparation = new Preparation(order);
    this.ended = ended;
  }

  /** Returns what it does. */
  SwapOrder order() {
    return order;
  }

  @Override
  public SwapReport report() {
    return order.progress().report();
  }

  @Override
  public void cancel() {
    cancel("it was cancelled");
  }

  /** Cancels the swap; {@code reason} says why, if it has not been cancelled before. */
  void cancel(String reason) {
    order.cancellation().cancel(reason);
  }

  @Override
  public SwapReport await(Duration limit) throws InterruptedException {
    end.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    return report();
  }

  private BackendId id() {
    return order.region().id();
  }

  @Override
  public void run() {
    try {
      Optional<String> failure = attempt();
      switch (valid()) {
        case NEW -> finish(failure);
        case OLD -> rollBack(failure.orElse("the new block was not installed"));
      }
    } catch (RuntimeException | Error e) {
      LOG.error("memory backend '{}': the end of its swap failed", id(), e);
    } finally {
      wakeWaiters();
    }
  }

  private Switchover.Valid valid() {
    return switchover.map(Switchover::valid).orElse(Switchover.Valid.OLD);
  }

  /** Ends the swap and wakes all threads that wait for the end, whatever fails. */
  private void wakeWaiters() {
    if (!report().phase().isEnd()) {
      switch (valid()) {
        case NEW -> order.progress().enter(SwapPhase.DONE);
        case OLD -> order.progress().rolledBack("it failed");
      }
    }
    order.journal().close();
    try {
      ended.accept(this);
    } finally {
      end.countDown();
    }
  }

  /**
   * Makes all steps that can be rolled back.
   *
   * @return why the swap must be rolled back, or what went wrong after the exchange; empty if
   *     nothing did
   */
  private Optional<String> attempt() {
    try {
      order.progress().enter(SwapPhase.PREPARE);
      RamBlock next = preparation.make();
      LiveCopy copying = new LiveCopy(order, next);
      Switchover switching = new Switchover(order, next);
      copy = Optional.of(copying);
      switchover = Optional.of(switching);
      copying.run(switching);
      return Optional.empty();
    } catch (FileSystemException e) {
      return Optional.of(e.getFile() + ": " + Objects.requireNonNullElse(e.getReason(), nameOf(e)));
    } catch (GivenUpException | RamBlockException | IOException e) {
      return Optional.of("" + e.getMessage());
    } catch (InterruptedException e) {
      return Optional.of("interrupted");
    } catch (InternalError e) {
      return Optional.of(copy.map(copying -> copying.diagnose(e)).orElse(e.toString()));
    } catch (RuntimeException | Error e) {
      // every Error: otherwise the new backing would stay, and a wait for the end would last for
      // ever
      LOG.error("memory backend '{}': the swap failed", id(), e);
      return Optional.of(e.toString());
    }
  }

  /**
   * Returns the name of the exception: most of the JDK's file exceptions say what is wrong by their
   * name alone.
   */
  private static String nameOf(FileSystemException e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      default -> e.getClass().getSimpleName();
    };
  }

  /**
   * Finishes the swap after the exchange: the new backing is the valid one, whatever went wrong
   * since.
   */
  private void finish(Optional<String> mishap) {
    mishap.ifPresent(why -> LOG.error("memory backend '{}': after the switch: {}", id(), why));
    order.progress().enter(SwapPhase.RELEASE);
    order.request().backend().swapped(order.target().object());
    try {
      order.lease().announce();
    } catch (RuntimeException | Error e) {
      LOG.error("memory backend '{}': a listener failed at the switch", id(), e);
    }
    try {
      order.before(Step.RELEASE);
    } catch (IOException e) {
      LOG.error("memory backend '{}': after the switch: {}", id(), e.getMessage());
    }
    order.journal().end();
    order.progress().enter(SwapPhase.DONE);
  }

  private void rollBack(String reason) {
    try {
      preparation.block().ifPresent(RamBlock::discard);
    } finally {
      order.journal().abandon(copy.map(LiveCopy::hasBegun).orElse(false));
      order.progress().rolledBack(reason);
    }
    LOG.warn(
        "memory backend '{}': the swap to {} was rolled back: {}",
        id(),
        order.target().plan().to(),
        reason);
  }
}
