package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.DeviceState;
import holdfast.vcpu.unicorn.Register;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * A vCPU's registers as they migrate, each with its name: the architecture, how many there are, and
 * of each the name, the width and the bytes; then the exits that the emulator has not been told
 * yet.
 */
public final class RegisterState implements DeviceState {
  private static final int VERSION = 1;
  private static final Duration LIMIT = Duration.ofSeconds(10);

  @FunctionalInterface
  private interface Access {
    void make() throws IOException;
  }

  private final String name;
  private final VcpuCore core;

  /** Makes the state of a vCPU. */
  public RegisterState(String name, VcpuCore core) {
    this.name = name;
    this.core = core;
  }

  @Override
  public String id() {
    return name;
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public void save(OutputStream to) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    outside(() -> write(new DataOutputStream(bytes)));
    bytes.writeTo(to);
    to.flush();
  }

  private void write(DataOutputStream out) throws IOException {
    var architecture = core.architecture();
    out.writeUTF(architecture.label());
    out.writeInt(architecture.registers().size());
    Map<Register, byte[]> values = core.registers();
    for (Register register : architecture.registers()) {
      byte[] value = values.getOrDefault(register, new byte[register.width()]);
      out.writeUTF(register.name());
      out.writeInt(value.length);
      out.write(value);
    }
    core.saveExits(out);
  }

  @Override
  public void load(int version, InputStream from) throws IOException {
    DataInputStream in = new DataInputStream(from);
    var architecture = core.architecture();
    String label = in.readUTF();
    if (!label.equals(architecture.label())) {
      throw new IOException(
          "vCPU '" + name + "' is " + architecture.label() + " here, but the guest's is " + label);
    }
    Map<String, Register> known = new HashMap<>();
    architecture.registers().forEach(register -> known.put(register.name(), register));
    Map<Register, byte[]> values = new HashMap<>();
    int saved = in.readInt();
    if (saved != known.size()) {
      throw new IOException(
          "vCPU '"
              + name
              + "' has "
              + known.size()
              + " registers here, but its state has "
              + saved);
    }
    for (int i = 0; i < saved; i++) {
      String register = in.readUTF();
      Register here = known.get(register);
      int width = in.readInt();
      if (here == null || here.width() != width) {
        throw new IOException(
            "vCPU '" + name + "' has no register " + register + " of " + width + " bytes");
      }
      byte[] value = new byte[width];
      in.readFully(value);
      if (values.put(here, value) != null) {
        throw new IOException(
            "the state of vCPU '" + name + "' has register " + register + " twice");
      }
    }
    outside(() -> core.load(values, in));
  }

  /** Does something while the guest is out of its code. */
  private void outside(Access access) throws IOException {
    IOException[] failed = new IOException[1];
    boolean done =
        core.gate()
            .outside(
                LIMIT,
                () -> {
                  try {
                    access.make();
                  } catch (IOException e) {
                    failed[0] = e;
                  }
                });
    if (!done) {
      throw new IOException(
          "vCPU '" + name + "' did not leave the guest's code within " + LIMIT.toSeconds() + " s");
    }
    if (failed[0] != null) {
      throw failed[0];
    }
  }
}
