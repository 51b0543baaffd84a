package holdfast.machine.core;

import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypedOption;
import java.util.Map;

/** Reads what an operator asks for. */
public final class Requests {
  private Requests() {}

  /**
   * Returns the memory backend that is asked for.
   *
   * @throws InvalidRequestException if its type or its properties have a mistake
   */
  public static BackendSpec object(String type, Map<String, String> properties)
      throws InvalidRequestException {
    return new BackendSpec(parsed(BackendDefinitions.OPTION, type, properties));
  }

  /**
   * Returns the device that is asked for.
   *
   * @throws InvalidRequestException if its driver or its properties have a mistake
   */
  public static ParsedObject parsedDevice(String driver, Map<String, String> properties)
      throws InvalidRequestException {
    return parsed(DeviceDefinitions.OPTION, driver, properties);
  }

  private static ParsedObject parsed(TypedOption option, String type, Map<String, String> given)
      throws InvalidRequestException {
    try {
      return option.type(type).checkConfiguration(option.option() + " " + type, given);
    } catch (OptionException e) {
      throw new InvalidRequestException(e);
    }
  }

  /** Checks that a range is within a region. */
  static void range(Region region, long offset, long length) throws InvalidRequestException {
    long size = region.size().bytes();
    if (offset < 0 || length < 0 || offset > size || length > size - offset) {
      throw new InvalidRequestException(
          length
              + " bytes from offset "
              + offset
              + " are not within memory backend '"
              + region.id()
              + "', which has "
              + size
              + " bytes");
    }
  }
}
