package holdfast.machine.migration;

import holdfast.host.linux.files.DescriptorListener;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.HostException;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.core.Inheritance;
import holdfast.machine.migration.internal.channel.MigrationAddress;
import holdfast.machine.migration.internal.handover.Taker;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for what another machine of this host hands over to one that is about to be opened: with
 * {@code -incoming cpr:PATH} its memory is what the other one has open. Thread-safe.
 */
public final class Inheritances implements AutoCloseable {
  private @Nullable DescriptorListener listening;
  private boolean closed;

  /**
   * Waits for what is handed over to a machine, for as long as it takes.
   *
   * @param told receives where it is waited for, as a sentence; not called if nothing is
   * @return {@link Inheritance#NONE} if the machine opens all by itself; else its, to close
   * @throws AdminException if nobody can hand over anything there, or this was closed
   */
  public Inheritance await(MachineSpec spec, Consumer<String> told) throws AdminException {
    Optional<String> from = MachineDefinition.incoming(spec.machine());
    if (from.isEmpty() || from.get().equals(MachineDefinition.DEFER)) {
      return Inheritance.NONE;
    }
    try {
      if (!(MigrationAddress.parseToListen(from.get()) instanceof MigrationAddress.Cpr(var path))) {
        return Inheritance.NONE;
      }
      try (DescriptorListener listener = DescriptorListener.open("handover", path)) {
        begin(listener);
        told.accept(
            "it waits at "
                + path
                + " for what another machine hands over (migrate "
                + from.get()
                + ")");
        return Taker.take(listener);
      } finally {
        end();
      }
    } catch (IOException e) {
      throw new HostException("-incoming " + from.get() + ": " + e.getMessage(), e);
    }
  }

  private synchronized void begin(DescriptorListener listener) throws IOException {
    if (closed) {
      throw new IOException("the machine is ending");
    }
    listening = listener;
  }

  private synchronized void end() {
    listening = null;
  }

  /** Waits no more, now and later. */
  @Override
  public void close() {
    DescriptorListener open;
    synchronized (this) {
      closed = true;
      open = listening;
    }
    if (open != null) {
      open.close();
    }
  }
}
