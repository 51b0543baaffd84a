package holdfast.launcher.internal.machine;

import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.core.Machine;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.machine.core.Candidates;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Constants;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * A machine without a framework around it. It stands in the launcher's package, since nobody else
 * has reason to make one.
 */
public final class BareMachine {
  /** Keeps nothing: every question is answered as of a service that has ended. */
  public static final ConfigurationAdmin NO_CONFIGURATIONS =
      (ConfigurationAdmin)
          Proxy.newProxyInstance(
              BareMachine.class.getClassLoader(),
              new Class<?>[] {ConfigurationAdmin.class},
              (proxy, method, arguments) -> {
                throw new IllegalStateException("no configurations are kept");
              });

  private BareMachine() {}

  /** A machine whose base RAM, {@code ram}, is a shared mapping of a new file. */
  public static Machine open(Path file, long size, RamBlockAllocator allocator) throws Exception {
    Map<String, Object> allocators = Map.of(Constants.SERVICE_ID, 1L);
    Wish ram =
        new Wish(
            BackendDefinitions.FILE_PID + "~ram",
            Map.of("id", "ram", "mem-path", file.toString(), "size", size + "B", "share", "on"));
    Candidates candidates = new Candidates();
    candidates.add(allocator, allocators);
    return Machine.open(
        Origin.CONFIGURATIONS,
        MachineDefinition.BOTH.checkConfiguration("machine", Map.of("memory-backend", "ram")),
        List.of(Declaration.backend(ram).orElseThrow()),
        List.of(),
        candidates);
  }

  /** Ends one. */
  public static void close(Machine machine) {
    machine.close();
  }
}
