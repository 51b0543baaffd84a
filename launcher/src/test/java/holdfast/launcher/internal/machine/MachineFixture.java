package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.core.FakeAllocator;
import holdfast.machine.core.FakeBlock;
import holdfast.machine.core.Machine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * A machine component with the declarations and allocators that a test gives it, in the role of
 * Declarative Services. What is waited for is waited for at most half a minute.
 */
public final class MachineFixture implements AutoCloseable {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Takes everything; service 1, ranking 0. */
  public final FakeAllocator file = new FakeAllocator("file", Granularity.PAGE);

  /** Takes what is persistent memory; service 2, ranking 100. */
  public final FakeAllocator dax =
      new FakeAllocator("dax", Granularity.CACHE_LINE)
          .accepting(spec -> spec.has(RamFlag.RAM_PMEM));

  final FakeFramework framework = new FakeFramework();
  private final MachineComponent component = new MachineComponent();
  private boolean active = true;

  /** Where everything is configured. */
  public final FakeConfigurations configurations =
      new FakeConfigurations()
          .telling(pid -> component.configurationEvent(FakeFramework.written(pid)));

  private final ConfigurationAdmin admin = configurations.admin();

  /** A machine that is not configured yet. */
  public MachineFixture() {
    component.bindConfigurations(admin, null);
    component.activate(framework.context());
  }

  /** The component under test. */
  public MachineComponent component() {
    return component;
  }

  /** Registers {@link #file}. */
  public MachineFixture withFile() {
    register(file, file.properties(1, 0));
    return this;
  }

  /** Registers {@link #dax}. */
  public MachineFixture withDax() {
    register(dax, dax.properties(2, 100));
    return this;
  }

  private void register(RamBlockAllocator allocator, Map<String, ?> properties) {
    component.bindAllocator(allocator, properties);
  }

  /** Unregisters an allocator. */
  public void unregister(RamBlockAllocator allocator) {
    component.unbindAllocator(allocator);
  }

  /** Declares a {@code memory-backend-file} of 1 MiB on {@code /id}, or with other properties. */
  public void backend(String id, String... properties) {
    configurations.put(backendPid(id), file(id, properties));
  }

  /** Takes ConfigAdmin away. */
  public void withoutConfigAdmin() {
    component.unbindConfigurations(admin);
  }

  /** Brings ConfigAdmin back. */
  public void withConfigAdmin() {
    component.bindConfigurations(admin, null);
  }

  /** The service that keeps them. */
  public ConfigurationAdmin admin() {
    return admin;
  }

  static String backendPid(String name) {
    return BackendDefinitions.FILE_PID + "~" + name;
  }

  static String devicePid(String name) {
    return DeviceDefinitions.NVDIMM_PID + "~" + name;
  }

  /** The configuration of such a backend. */
  static Map<String, Object> file(String id, String... properties) {
    Map<String, Object> own =
        new HashMap<>(Map.of("id", id, "size", "1M", "mem-path", "/" + id, "share", "on"));
    own.putAll(pairs(properties));
    return own;
  }

  /** Declares an {@code nvdimm}; its name is its id. */
  public void nvdimm(String id, String memdev, String... properties) {
    Map<String, Object> own = new HashMap<>(Map.of("id", id, "memdev", memdev));
    own.putAll(pairs(properties));
    configurations.put(devicePid(id), own);
  }

  static Map<String, Object> pairs(String... properties) {
    Map<String, Object> all = new HashMap<>();
    for (String property : properties) {
      int equals = property.indexOf('=');
      all.put(property.substring(0, equals), property.substring(equals + 1));
    }
    return all;
  }

  /** Configures the machine: 1 MiB of RAM, room for nvdimms, and what {@code properties} say. */
  public MachineFixture machine(String... properties) {
    configure(machineConfiguration(properties));
    return this;
  }

  void configure(Map<String, Object> configuration) {
    configurations.put(MachineComponent.PID, configuration);
  }

  static Map<String, Object> machineConfiguration(String... properties) {
    Map<String, Object> all = new HashMap<>();
    for (String property : new String[] {"size=1M", "slots=4", "maxmem=1G", "nvdimm=on"}) {
      int equals = property.indexOf('=');
      all.put(property.substring(0, equals), property.substring(equals + 1));
    }
    for (String property : properties) {
      int equals = property.indexOf('=');
      if (equals == property.length() - 1) {
        all.remove(property.substring(0, equals));
      } else {
        all.put(property.substring(0, equals), property.substring(equals + 1));
      }
    }
    return all;
  }

  /** Waits until the machine is in a state of this kind. */
  <S extends MachineState> S await(Class<S> wanted) throws InterruptedException {
    return await(wanted, state -> true);
  }

  /** Waits until the machine is in a state of this kind that {@code fits}. */
  <S extends MachineState> S await(Class<S> wanted, Predicate<S> fits) throws InterruptedException {
    long end = System.nanoTime() + LIMIT_NANOS;
    synchronized (component.reconciler()) {
      while (true) {
        MachineState state = component.state();
        if (wanted.isInstance(state) && fits.test(wanted.cast(state))) {
          return wanted.cast(state);
        }
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          fail("waited for " + wanted.getSimpleName() + ", but it is " + state);
        }
        component.reconciler().wait(left);
      }
    }
  }

  /** Waits until the machine is up. */
  public Machine up() throws InterruptedException {
    return await(MachineState.Up.class).machine();
  }

  /** Waits until exactly these declarations are missing. */
  public void awaitIncomplete(String... names) throws InterruptedException {
    await(MachineState.Incomplete.class, state -> state.missing().equals(List.of(names)));
  }

  /** Waits until the machine has failed with a sentence that has {@code part} in it. */
  public void assertFails(String part) throws InterruptedException {
    String reason = await(MachineState.Failed.class).reason();
    assertTrue(reason.contains(part), reason);
    assertEquals(List.of(), guestMemories(), "no guest memory is registered");
    assertTrue(
        ends().stream().allMatch(end -> end == FakeBlock.End.DISCARDED), "all is taken back");
  }

  /** Waits until the machine has looked at all changes of configurations so far. */
  public void awaitFollowed() throws InterruptedException {
    try {
      component.reconciler().lookSoon().get(LIMIT_NANOS, TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  /** The guest memories that are registered as services. */
  List<GuestMemory> guestMemories() {
    return framework.services().stream().map(GuestMemory.class::cast).toList();
  }

  /** How every block ended that an allocator made. */
  List<FakeBlock.End> ends() {
    List<FakeBlock.End> ends = new ArrayList<>();
    file.made().forEach(block -> ends.add(block.end()));
    dax.made().forEach(block -> ends.add(block.end()));
    return ends;
  }

  /** Ends the component. */
  @Override
  public void close() {
    if (active) {
      active = false;
      component.deactivate();
    }
  }
}
