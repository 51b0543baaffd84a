package holdfast.launcher.internal.metatype;

import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MetricsDefinition;
import holdfast.machine.config.QmpDefinition;
import holdfast.machine.config.options.OptionException;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.MetaTypeProvider;
import org.osgi.service.metatype.ObjectClassDefinition;

/**
 * Describes the configurations that the launcher reads or writes to the Metatype Service (OSGi
 * Compendium 105.5), in one language: those of QMP monitors, too, which a command line becomes.
 */
@Component(
    property = {
      MetaTypeProvider.METATYPE_PID + "=" + MachineComponent.PID,
      MetaTypeProvider.METATYPE_PID + "=" + MetricsDefinition.PID,
      MetaTypeProvider.METATYPE_FACTORY_PID + "=" + BackendDefinitions.FILE_PID,
      MetaTypeProvider.METATYPE_FACTORY_PID + "=" + BackendDefinitions.MEMFD_PID,
      MetaTypeProvider.METATYPE_FACTORY_PID + "=" + BackendDefinitions.RAM_PID,
      MetaTypeProvider.METATYPE_FACTORY_PID + "=" + DeviceDefinitions.NVDIMM_PID,
      MetaTypeProvider.METATYPE_FACTORY_PID + "=" + DeviceDefinitions.PC_DIMM_PID,
      MetaTypeProvider.METATYPE_FACTORY_PID + "=" + QmpDefinition.PID
    })
public final class LauncherMetaType implements MetaTypeProvider {

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if {@code pid} is not one of the launcher's
   */
  @Override
  public ObjectClassDefinition getObjectClassDefinition(String pid, @Nullable String locale) {
    return switch (pid) {
      case MachineComponent.PID ->
          ConfigurationDescription.of(
              pid,
              MachineDefinition.BOTH,
              Attribute.list(
                  MachineComponent.OBJECTS,
                  "the names of the memory backends' configurations, in order; a name is what"
                      + " follows ~ in a PID"),
              Attribute.list(
                  MachineComponent.DEVICES, "the names of the devices' configurations, in order"));
      case BackendDefinitions.FILE_PID ->
          ConfigurationDescription.of(pid, BackendDefinitions.FILE, allocatorTarget());
      case BackendDefinitions.MEMFD_PID ->
          ConfigurationDescription.of(pid, BackendDefinitions.MEMFD, allocatorTarget());
      case BackendDefinitions.RAM_PID ->
          ConfigurationDescription.of(pid, BackendDefinitions.RAM, allocatorTarget());
      case DeviceDefinitions.NVDIMM_PID ->
          ConfigurationDescription.of(pid, DeviceDefinitions.NVDIMM);
      case DeviceDefinitions.PC_DIMM_PID ->
          ConfigurationDescription.of(pid, DeviceDefinitions.PC_DIMM);
      case QmpDefinition.PID -> ConfigurationDescription.of(pid, QmpDefinition.TYPE);
      case MetricsDefinition.PID -> ConfigurationDescription.of(pid, MetricsDefinition.PROMETHEUS);
      default -> throw new IllegalArgumentException(pid + " is not a PID of the launcher");
    };
  }

  private static Attribute allocatorTarget() {
    return Attribute.optional(
        BackendDefinitions.ALLOCATOR_TARGET,
        "an OSGi filter on the allocators that may be used, such as (backend.kind=file)",
        LauncherMetaType::checkFilter);
  }

  private static void checkFilter(String filter) throws OptionException {
    try {
      if (!filter.isEmpty()) {
        FrameworkUtil.createFilter(filter);
      }
    } catch (InvalidSyntaxException e) {
      throw new OptionException(
          filter + " is not an OSGi filter: write one, such as (backend.kind=file)");
    }
  }

  /** Returns null: the descriptions are not localised. */
  @Override
  public String @Nullable [] getLocales() {
    return null;
  }
}
