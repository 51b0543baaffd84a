package holdfast.vcpu.kvm.internal;

import holdfast.vcpu.api.VcpuException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * All that a vCPU remembers, as bytes: KVM's own structures, which do not change, each with its
 * name and its length before it. What is left out follows from what is there, or belongs to an
 * interrupt controller in KVM, which there is none of.
 */
final class KvmState {
  static final int VERSION = 1;

  /** One structure. The order is the one to set them in: later ones need earlier ones. */
  private record Part(String name, KvmRequest get, KvmRequest set, int capability) {}

  private static final List<Part> PARTS =
      List.of(
          new Part("sregs", KvmRequest.KVM_GET_SREGS, KvmRequest.KVM_SET_SREGS, 0),
          new Part("xcrs", KvmRequest.KVM_GET_XCRS, KvmRequest.KVM_SET_XCRS, Kvm.KVM_CAP_XCRS),
          new Part("xsave", KvmRequest.KVM_GET_XSAVE, KvmRequest.KVM_SET_XSAVE, Kvm.KVM_CAP_XSAVE),
          new Part("regs", KvmRequest.KVM_GET_REGS, KvmRequest.KVM_SET_REGS, 0),
          new Part(
              "debugregs",
              KvmRequest.KVM_GET_DEBUGREGS,
              KvmRequest.KVM_SET_DEBUGREGS,
              Kvm.KVM_CAP_DEBUGREGS),
          new Part(
              "events",
              KvmRequest.KVM_GET_VCPU_EVENTS,
              KvmRequest.KVM_SET_VCPU_EVENTS,
              Kvm.KVM_CAP_VCPU_EVENTS));

  private static final String MSRS = "msrs";

  private final KvmCpu cpu;

  KvmState(KvmCpu cpu) {
    this.cpu = cpu;
  }

  private record Msr(int index, long value) {}

  void save(OutputStream to) throws IOException, VcpuException {
    DataOutputStream out = new DataOutputStream(to);
    List<Part> parts = new ArrayList<>();
    for (Part part : PARTS) {
      if (part.capability() == 0 || cpu.kvm().has(part.capability()) != 0) {
        parts.add(part);
      }
    }
    out.writeByte(parts.size());
    for (Part part : parts) {
      byte[] structure = cpu.get(part.get());
      out.writeUTF(part.name());
      out.writeInt(structure.length);
      out.write(structure);
    }
    List<Msr> msrs = msrs();
    out.writeUTF(MSRS);
    out.writeInt(msrs.size());
    for (Msr msr : msrs) {
      out.writeInt(msr.index());
      out.writeLong(msr.value());
    }
    out.flush();
  }

  void load(InputStream from) throws IOException, VcpuException {
    DataInputStream in = new DataInputStream(from);
    int parts = in.readUnsignedByte();
    for (int i = 0; i < parts; i++) {
      String name = in.readUTF();
      int length = in.readInt();
      Part part =
          PARTS.stream()
              .filter(it -> it.name().equals(name) && it.set().size() == length)
              .findFirst()
              .orElseThrow(
                  () ->
                      new IOException(
                          "the state of vCPU '"
                              + cpu.name()
                              + "' has a part '"
                              + name
                              + "' of "
                              + length
                              + " bytes, which is not known here; use the same Holdfast on both"
                              + " sides"));
      byte[] structure = new byte[length];
      in.readFully(structure);
      cpu.set(part.set(), structure);
    }
    if (!in.readUTF().equals(MSRS)) {
      throw new IOException("the state of vCPU '" + cpu.name() + "' is damaged");
    }
    int msrs = in.readInt();
    for (int i = 0; i < msrs; i++) {
      setMsr(new Msr(in.readInt(), in.readLong()));
    }
  }

  /** Returns the model-specific registers that this vCPU has. */
  private List<Msr> msrs() throws VcpuException {
    List<Msr> msrs = new ArrayList<>();
    for (int index : cpu.kvm().stateMsrs()) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment one = one(arena, index, 0);
        if (cpu.call(KvmRequest.KVM_GET_MSRS, one) == 1) {
          msrs.add(new Msr(index, one.get(ValueLayout.JAVA_LONG, 16)));
        }
      }
    }
    return msrs;
  }

  /**
   * Sets a register to what it was on the other side. Some are told and can't be set; that is right
   * where they are what they were.
   */
  private void setMsr(Msr msr) throws IOException, VcpuException {
    try (Arena arena = Arena.ofConfined()) {
      if (cpu.call(KvmRequest.KVM_SET_MSRS, one(arena, msr.index(), msr.value())) == 1) {
        return;
      }
      MemorySegment here = one(arena, msr.index(), 0);
      if (cpu.call(KvmRequest.KVM_GET_MSRS, here) != 1
          || here.get(ValueLayout.JAVA_LONG, 16) != msr.value()) {
        throw new IOException(
            "vCPU '"
                + cpu.name()
                + "' can't have 0x"
                + Long.toHexString(msr.value())
                + " in its model-specific register 0x"
                + Integer.toHexString(msr.index())
                + " here; migrate to a host with the same CPU and the same Linux");
      }
    }
  }

  /** Returns a struct kvm_msrs with one entry: nmsrs, padding, index, reserved, data. */
  private static MemorySegment one(Arena arena, int index, long value) {
    MemorySegment one = arena.allocate(24, 8);
    one.set(ValueLayout.JAVA_INT, 0, 1);
    one.set(ValueLayout.JAVA_INT, 8, index);
    one.set(ValueLayout.JAVA_LONG, 16, value);
    return one;
  }
}
