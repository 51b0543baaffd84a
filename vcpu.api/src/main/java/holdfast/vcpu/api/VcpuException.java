package holdfast.vcpu.api;

import holdfast.backend.api.HoldfastException;
import org.osgi.annotation.versioning.ProviderType;

/** Thrown when an engine or a vCPU can't be had. There is one subtype for each cause. */
@ProviderType
public abstract sealed class VcpuException extends HoldfastException
    permits EngineMissingException,
        EngineRefusedException,
        EngineLackingException,
        NoSlotLeftException,
        NoVcpuLeftException,
        UnmappableDeviceException,
        EngineCallException {
  private static final long serialVersionUID = 1;

  private final String engine;

  VcpuException(String engine, String sentence) {
    super(engine + ": " + sentence);
    this.engine = engine;
  }

  VcpuException(String engine, String sentence, Throwable cause) {
    super(engine + ": " + sentence, cause);
    this.engine = engine;
  }

  /** Returns the engine's name, such as {@code KVM}. */
  public String engine() {
    return engine;
  }
}
