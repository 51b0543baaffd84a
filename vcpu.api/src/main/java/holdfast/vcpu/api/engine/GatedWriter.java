package holdfast.vcpu.api.engine;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import java.time.Duration;
import java.util.Optional;

/**
 * The writer of a vCPU: pauses it at its gate. The pause of a vCPU that is closed is reached at
 * once. A {@link #resume} without a pause of this writer's does nothing.
 */
public final class GatedWriter implements GuestWriter {
  private final String name;
  private final RunGate gate;
  private final Runnable settle;
  private final Optional<DirtyLog> log;

  /** Whether it has paused the gate: another one's pause is not its to end. */
  private volatile boolean paused;

  /**
   * @param settle called within each pause, before it is reached: completes the instruction that
   *     the vCPU's last exit belongs to, if it is answered. May store into guest memory. Not called
   *     when the gate is closed, whose end waits for one that is under way
   * @param log what is known of this vCPU's stores beside what the kernel tracks
   */
  public GatedWriter(String name, RunGate gate, Runnable settle, Optional<DirtyLog> log) {
    this.name = name;
    this.gate = gate;
    this.settle = settle;
    this.log = log;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    if (!gate.pause(limit)) {
      return false;
    }
    try {
      gate.unlessClosed(settle); // of a closed vCPU nothing is under way
      paused = true;
      return true;
    } catch (RuntimeException | Error e) {
      gate.resume();
      throw e;
    }
  }

  @Override
  public void resume() {
    if (paused) {
      paused = false;
      gate.resume();
    }
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return log;
  }
}
