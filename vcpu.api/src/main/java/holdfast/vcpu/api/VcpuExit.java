package holdfast.vcpu.api;

import holdfast.machine.api.GuestAddress;
import java.util.function.LongConsumer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Why a {@link Vcpu#run} returned. The next {@link Vcpu#run} goes on behind the instruction that
 * led to it, unless its type says otherwise.
 *
 * <p>Values have the width of the access, in the low bits of a {@code long}; bits above it are 0,
 * and are left out of an answer. The byte at the lowest address is the lowest of a little-endian
 * guest's value. An instruction that accesses a device several times (x86's {@code rep outs}, a
 * store of more than 8 bytes) gives several exits, in order.
 */
@ProviderType
public sealed interface VcpuExit
    permits VcpuExit.PortRead,
        VcpuExit.PortWrite,
        VcpuExit.MmioRead,
        VcpuExit.MmioWrite,
        VcpuExit.Halted,
        VcpuExit.Interrupted,
        VcpuExit.Trap,
        MemoryFault,
        Ended {

  /**
   * The guest reads a port ({@code in}).
   *
   * @param port its number, from 0 to 65535
   * @param width bytes: 1, 2 or 4
   * @param reply where the answer goes
   */
  record PortRead(int port, int width, LongConsumer reply) implements VcpuExit {

    /**
     * Gives what the guest reads: once, and before the next {@link Vcpu#run}.
     *
     * @throws IllegalStateException if it comes too late, or a second time
     */
    public void answer(long value) {
      reply.accept(value);
    }

    @Override
    public String toString() {
      return "a read of " + width + " bytes from port 0x" + Integer.toHexString(port);
    }
  }

  /**
   * The guest writes to a port ({@code out}).
   *
   * @param port its number, from 0 to 65535
   * @param width bytes: 1, 2 or 4
   * @param value what it wrote
   */
  record PortWrite(int port, int width, long value) implements VcpuExit {
    @Override
    public String toString() {
      return "0x"
          + Long.toHexString(value)
          + " ("
          + width
          + " bytes) to port 0x"
          + Integer.toHexString(port);
    }
  }

  /**
   * The guest loads from an address where there is no memory, and was none.
   *
   * @param width bytes, from 1 to 8
   * @param reply where the answer goes
   */
  record MmioRead(GuestAddress address, int width, LongConsumer reply) implements VcpuExit {

    /**
     * Gives what the guest loads: once, and before the next {@link Vcpu#run}.
     *
     * @throws IllegalStateException if it comes too late, or a second time
     */
    public void answer(long value) {
      reply.accept(value);
    }

    @Override
    public String toString() {
      return "a load of " + width + " bytes from " + address;
    }
  }

  /**
   * The guest stores to an address where there is no memory, and was none.
   *
   * @param width bytes, from 1 to 8
   * @param value what it stored
   */
  record MmioWrite(GuestAddress address, int width, long value) implements VcpuExit {
    @Override
    public String toString() {
      return "0x" + Long.toHexString(value) + " (" + width + " bytes) stored to " + address;
    }
  }

  /** The guest waits for an interrupt ({@code hlt}, {@code wfi}). */
  record Halted() implements VcpuExit {}

  /**
   * {@link Vcpu#interrupt} was called, or the thread is interrupted. The guest is between two
   * instructions, or at an element of a repeated one.
   */
  record Interrupted() implements VcpuExit {}

  /**
   * The guest raised an exception or made a call to its system, and the engine has no table of the
   * guest's to look it up in. Only engines that run code without such tables have this exit.
   *
   * @param number the architecture's number of it
   */
  record Trap(int number) implements VcpuExit {}
}
