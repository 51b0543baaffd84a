package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.MemoryDevice;
import holdfast.vcpu.api.UnmappableDeviceException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.engine.GuestMapper;
import holdfast.vcpu.api.engine.RunGate;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shows devices to one engine, while its guest is out of its code. */
final class DeviceMapper implements GuestMapper {
  private static final Logger log = LoggerFactory.getLogger(DeviceMapper.class);
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final UnicornEngine engine;
  private final RunGate gate;
  private final Lock lock;

  /** The guard's entry of each device. */
  private final Map<MemoryDevice, Long> guarded = new HashMap<>();

  DeviceMapper(UnicornEngine engine, RunGate gate, Lock lock) {
    this.engine = engine;
    this.gate = gate;
    this.lock = lock;
  }

  /** Returns the device that the engine has at a host address. Under the lock. */
  Optional<MemoryDevice> at(long host) {
    return guarded.keySet().stream()
        .filter(
            device -> {
              long offset = host - device.segment().address();
              return offset >= 0 && offset < device.size().bytes();
            })
        .findFirst();
  }

  @Override
  public void map(MemoryDevice device) throws VcpuException {
    AtomicReference<@Nullable VcpuException> failure = new AtomicReference<>();
    outside(device, () -> failure.set(tryMap(device)));
    VcpuException failed = failure.get();
    if (failed != null) {
      throw failed;
    }
  }

  private @Nullable VcpuException tryMap(MemoryDevice device) {
    long host = device.segment().address();
    long length = device.size().bytes();
    Optional<Long> entry = engine.guard().add(engine.cell(), host, length);
    if (entry.isEmpty()) {
      return new UnmappableDeviceException(
          UnicornLibrary.ENGINE, device, "there are too many devices and vCPUs in this process");
    }
    int error = engine.map(device.address().value(), length, host, !device.readOnly());
    if (error != UnicornLibrary.ERR_OK) {
      engine.guard().remove(entry.get());
      return engine.failed("uc_mem_map_ptr", "device '" + device.id() + "'", error);
    }
    guarded.put(device, entry.get());
    return null;
  }

  @Override
  public void unmap(MemoryDevice device) {
    outside(
        device,
        () -> {
          // else it would run on in what is mapped there next
          engine.dropCode(device.range());
          int error = engine.unmap(device.address().value(), device.size().bytes());
          if (error != UnicornLibrary.ERR_OK) {
            throw new AssertionError(engine.failed("uc_mem_unmap", device.id(), error));
          }
          Long entry = guarded.remove(device);
          if (entry != null) {
            engine.guard().remove(entry);
          }
        });
  }

  /** The guest leaves before its next instruction, however long that takes. */
  private void outside(MemoryDevice device, Runnable change) {
    Runnable locked =
        () -> {
          lock.lock();
          try {
            change.run();
          } finally {
            lock.unlock();
          }
        };
    while (!gate.outside(LIMIT, locked)) {
      log.warn(
          "a vCPU has not left its guest's code for {}, so that '{}' can change",
          LIMIT,
          device.id());
    }
  }
}
