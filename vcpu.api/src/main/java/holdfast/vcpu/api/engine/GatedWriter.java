package holdfast.vcpu.api.engine;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import java.time.Duration;
import java.util.Optional;

/** The writer of a vCPU: pauses it at its gate. */
public final class GatedWriter implements GuestWriter {
  private final String name;
  private final RunGate gate;
  private final Runnable settle;
  private final Optional<DirtyLog> log;

  /**
   * @param settle called within each pause, before it is reached: completes the instruction that
   *     the vCPU's last exit belongs to, if it is answered. May store into guest memory
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
      settle.run();
      return true;
    } catch (RuntimeException | Error e) {
      gate.resume();
      throw e;
    }
  }

  @Override
  public void resume() {
    gate.resume();
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return log;
  }
}
