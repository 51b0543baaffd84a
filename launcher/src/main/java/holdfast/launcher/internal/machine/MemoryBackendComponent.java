package holdfast.launcher.internal.machine;

import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockSpec;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.options.TypeDefinition;
import holdfast.launcher.internal.region.Candidates;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * A memory backend that was configured. It declares a block, and keeps the allocators that could
 * serve it; its region is opened and owned by the machine, and outlives a change of this component.
 */
public abstract class MemoryBackendComponent {
  /**
   * The configuration property with the filter on allocators. Named like the target of a reference,
   * but no reference of this component has that name: the component runtime would unbind what no
   * longer matches before it binds what does, and the region would be detached in between.
   */
  public static final String ALLOCATOR_TARGET = "allocator.target";

  private final Candidates candidates = new Candidates();
  private final TypeDefinition type;
  private volatile Declaration declaration;
  private volatile Map<String, ?> configuration;
  private volatile Runnable onChange = () -> {};

  /** Only declares: nothing is opened here. */
  MemoryBackendComponent(TypeDefinition type, Map<String, ?> configuration) {
    this.type = type;
    this.declaration = Declaration.read(type, configuration);
    this.configuration = Map.copyOf(configuration);
  }

  /** A change of configuration; of an open region only the filter on allocators can change. */
  void change(Map<String, ?> changed) {
    configuration = Map.copyOf(changed);
    declaration = Declaration.read(type, changed);
    onChange.run();
  }

  @Reference(
      name = "candidate",
      service = RamBlockAllocator.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY,
      updated = "updatedAllocator")
  void bindAllocator(RamBlockAllocator allocator, Map<String, ?> properties) {
    candidates.add(allocator, properties);
  }

  void updatedAllocator(RamBlockAllocator allocator, Map<String, ?> properties) {
    candidates.update(allocator, properties);
  }

  void unbindAllocator(RamBlockAllocator allocator) {
    candidates.remove(allocator);
  }

  /** By which the machine's configuration lists it. */
  String name() {
    return declaration.name();
  }

  /** The type, such as {@code memory-backend-file}. */
  TypeDefinition type() {
    return type;
  }

  /**
   * The properties.
   *
   * @throws OptionException the mistake in one of them
   */
  ParsedObject object() throws OptionException {
    return declaration.object();
  }

  /**
   * The block that is asked for.
   *
   * @param standard the advice for what the properties leave open
   * @throws OptionException the mistake in a property
   * @throws MachineException a contradiction between properties
   */
  RamBlockSpec spec(MemoryAdvice standard) throws OptionException, MachineException {
    return BackendDefinitions.spec(declaration.object(), standard);
  }

  /** The allocators there are. */
  Candidates candidates() {
    return candidates;
  }

  /** The PID of the configuration. */
  String pid() {
    return "" + configuration.get(Constants.SERVICE_PID);
  }

  /**
   * The configured filter on allocators, null for any.
   *
   * @throws MachineException if it is not a filter
   */
  @Nullable Filter target() throws MachineException {
    Object target = configuration.get(ALLOCATOR_TARGET);
    if (target == null || target.toString().isEmpty()) {
      return null;
    }
    try {
      return FrameworkUtil.createFilter(target.toString());
    } catch (InvalidSyntaxException e) {
      throw new MachineException(
          "memory backend '"
              + name()
              + "': "
              + ALLOCATOR_TARGET
              + "="
              + target
              + " is not an OSGi filter: write one, such as (backend.kind=file)");
    }
  }

  /** {@code listener} is called after each change of the configuration, instead of one before. */
  void onChange(Runnable listener) {
    onChange = listener;
  }
}
