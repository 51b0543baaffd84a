package holdfast.vcpu.kvm.internal;

import holdfast.machine.api.DeviceState;
import holdfast.vcpu.api.VcpuException;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** A vCPU's registers, as they go with the guest. */
public final class KvmDeviceState implements DeviceState {
  /** The longest that the guest may take to leave, where its writer is not paused. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final KvmCpu cpu;
  private final KvmLoop loop;

  /** The state of the vCPU that {@code loop} runs. */
  public KvmDeviceState(KvmCpu cpu, KvmLoop loop) {
    this.cpu = cpu;
    this.loop = loop;
  }

  /** A change that can fail. */
  private interface Change {
    void make() throws IOException, VcpuException;
  }

  @Override
  public String id() {
    return cpu.name();
  }

  @Override
  public int version() {
    return KvmState.VERSION;
  }

  @Override
  public void save(OutputStream to) throws IOException {
    // whoever takes it may be slow, and holds neither a pause nor the vCPU's end up
    ByteArrayOutputStream state = new ByteArrayOutputStream();
    outside(
        () -> {
          if (!loop.isBetweenInstructions()) {
            throw new IOException(
                "vCPU '"
                    + cpu.name()
                    + "' is within an instruction that reads or writes devices several times, and"
                    + " not all of it is done; try again");
          }
          DataOutputStream out = new DataOutputStream(state);
          out.writeInt(loop.vector());
          new KvmState(cpu).save(out);
        });
    state.writeTo(to);
    to.flush();
  }

  @Override
  public void load(int version, InputStream from) throws IOException {
    outside(
        () -> {
          loop.reset(new DataInputStream(from).readInt());
          new KvmState(cpu).load(from);
        });
  }

  private void outside(Change change) throws IOException {
    IOException[] failed = new IOException[1];
    boolean done =
        loop.outside(
            LIMIT,
            () -> {
              try {
                change.make();
              } catch (VcpuException e) {
                failed[0] = new IOException(e.getMessage(), e);
              } catch (IOException e) {
                failed[0] = e;
              }
            });
    if (!done) {
      throw new IOException(
          "vCPU '"
              + cpu.name()
              + "' did not leave the guest's code within "
              + LIMIT.toSeconds()
              + " s");
    }
    if (failed[0] != null) {
      throw failed[0];
    }
  }
}
