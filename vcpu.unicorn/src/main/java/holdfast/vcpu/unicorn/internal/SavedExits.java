package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.VcpuExit;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Exits as they migrate, of instructions that are done: how many there are, and of each what it is
 * and its values. An instruction that is to be told of a load is written as what it got before.
 */
final class SavedExits {
  private static final int MMIO_WRITE = 1;
  private static final int PORT_WRITE = 2;
  private static final int TRAP = 3;
  private static final int UNPLUGGED = 4;
  private static final int STORED_READ_ONLY = 5;

  /** More than any instruction leaves. */
  private static final int MOST = 256;

  private SavedExits() {}

  /** Writes those of the exits that the guest does not meet again by itself. */
  static void write(Iterable<VcpuExit> exits, DataOutputStream out) throws IOException {
    List<VcpuExit> kept = new ArrayList<>();
    exits.forEach(
        exit -> {
          if (isKept(exit)) {
            kept.add(exit);
          }
        });
    out.writeInt(kept.size());
    for (VcpuExit exit : kept) {
      write(exit, out);
    }
  }

  private static boolean isKept(VcpuExit exit) {
    return switch (exit) {
      case VcpuExit.MmioWrite _,
          VcpuExit.PortWrite _,
          VcpuExit.Trap _,
          MemoryFault.Unplugged _,
          MemoryFault.StoredReadOnly _ ->
          true;
      default -> false;
    };
  }

  private static void write(VcpuExit exit, DataOutputStream out) throws IOException {
    switch (exit) {
      case VcpuExit.MmioWrite(GuestAddress address, int width, long value) -> {
        out.writeByte(MMIO_WRITE);
        write(new Refusal(address, width, true, value), out);
      }
      case VcpuExit.PortWrite(int port, int width, long value) -> {
        out.writeByte(PORT_WRITE);
        out.writeInt(port);
        out.writeInt(width);
        out.writeLong(value);
      }
      case VcpuExit.Trap(int number) -> {
        out.writeByte(TRAP);
        out.writeInt(number);
      }
      case MemoryFault.Unplugged(MemoryFault.Access at, String device) ->
          write(UNPLUGGED, at, device, out);
      case MemoryFault.StoredReadOnly(MemoryFault.Access at, MemoryDevice device) ->
          write(STORED_READ_ONLY, at, device.id(), out);
      default -> throw new AssertionError(exit);
    }
  }

  private static void write(int what, MemoryFault.Access at, String device, DataOutputStream out)
      throws IOException {
    out.writeByte(what);
    write(new Refusal(at.address(), at.width(), at.store(), 0), out);
    out.writeUTF(device);
  }

  /** Writes an access. */
  static void write(Refusal access, DataOutputStream out) throws IOException {
    out.writeLong(access.address().value());
    out.writeInt(access.width());
    out.writeBoolean(access.store());
    out.writeLong(access.value());
  }

  /** Writes what an instruction got and gave. */
  static void write(List<Instruction.Served> served, DataOutputStream out) throws IOException {
    out.writeInt(served.size());
    for (Instruction.Served one : served) {
      write(one.access(), out);
      out.writeUTF(one.readOnly().map(MemoryDevice::id).orElse(""));
    }
  }

  /**
   * Reads what was written.
   *
   * @throws IOException if it is damaged, or names a device that is not here
   */
  static List<VcpuExit> read(DataInputStream in, GuestMemory memory) throws IOException {
    List<VcpuExit> exits = new ArrayList<>();
    for (int count = count(in); count > 0; count--) {
      exits.add(readExit(in, memory));
    }
    return exits;
  }

  private static VcpuExit readExit(DataInputStream in, GuestMemory memory) throws IOException {
    int what = in.readByte();
    switch (what) {
      case MMIO_WRITE -> {
        Refusal store = readAccess(in);
        return new VcpuExit.MmioWrite(store.address(), store.width(), store.value());
      }
      case PORT_WRITE -> {
        int port = in.readInt();
        int width = in.readInt();
        require(port >= 0 && port <= 0xffff, "a port", port);
        require(width == 1 || width == 2 || width == 4, "the width of a write to a port", width);
        return new VcpuExit.PortWrite(port, width, in.readLong());
      }
      case TRAP -> {
        int number = in.readInt();
        require(number >= 0, "the number of a trap", number);
        return new VcpuExit.Trap(number);
      }
      case UNPLUGGED -> {
        return new MemoryFault.Unplugged(at(readAccess(in)), in.readUTF());
      }
      case STORED_READ_ONLY -> {
        return new MemoryFault.StoredReadOnly(at(readAccess(in)), device(in.readUTF(), memory));
      }
      default -> throw new IOException("a vCPU's state has an exit of an unknown kind, " + what);
    }
  }

  /** Reads an access. */
  static Refusal readAccess(DataInputStream in) throws IOException {
    GuestAddress address = new GuestAddress(in.readLong());
    int width = in.readInt();
    require(width >= 1 && width <= Long.BYTES, "the width of an access", width);
    return new Refusal(address, width, in.readBoolean(), in.readLong());
  }

  /** Reads what an instruction got and gave. */
  static List<Instruction.Served> readServed(DataInputStream in, GuestMemory memory)
      throws IOException {
    List<Instruction.Served> served = new ArrayList<>();
    for (int count = count(in); count > 0; count--) {
      Refusal access = readAccess(in);
      String device = in.readUTF();
      served.add(
          new Instruction.Served(
              access, device.isEmpty() ? Optional.empty() : Optional.of(device(device, memory))));
    }
    return served;
  }

  private static int count(DataInputStream in) throws IOException {
    int count = in.readInt();
    require(count >= 0 && count <= MOST, "a number of exits", count);
    return count;
  }

  private static MemoryFault.Access at(Refusal access) {
    return new MemoryFault.Access(access.address(), access.width(), access.store());
  }

  private static MemoryDevice device(String id, GuestMemory memory) throws IOException {
    return memory.devices().stream()
        .filter(device -> device.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new IOException("a vCPU's state tells of device '" + id + "', which is not here"));
  }

  private static void require(boolean holds, String what, int value) throws IOException {
    if (!holds) {
      throw new IOException("a vCPU's state is damaged: " + what + " is " + value + " in it");
    }
  }
}
