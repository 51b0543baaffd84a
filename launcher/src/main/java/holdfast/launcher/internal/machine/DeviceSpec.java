package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.ParsedObject;

/**
 * A device that a machine is to have.
 *
 * @param object its type and properties
 * @param name what messages call it: its id, or where it is declared if it has none
 */
public record DeviceSpec(ParsedObject object, String name) {

  /** The id of the memory backend with its bytes. */
  public String memdev() {
    return DeviceDefinitions.memdev(object);
  }
}
