package holdfast.monitor.metrics.internal.jmx;

/** A memory device, as it was plugged. */
public interface DeviceMXBean {
  /** Returns its id. */
  String getId();

  /** Returns the kind of device, such as nvdimm. */
  String getDriver();

  /** Returns the id of the memory backend that holds its bytes. */
  String getMemdev();

  /** Returns the guest address of its first byte, as {@code 0x} and hexadecimal digits. */
  String getAddress();

  /** Returns how many bytes the guest sees there. */
  long getSizeBytes();

  /** Returns the size of its label area. */
  long getLabelBytes();

  /** Returns its slot; -1 for base RAM. */
  int getSlot();

  /** Returns its NUMA node. */
  int getNode();

  /** Returns whether the guest is told that its stores won't persist. */
  boolean isUnarmed();

  /** Returns whether it can't be stored into. */
  boolean isReadOnly();

  /** Returns whether it was plugged while the machine was up. */
  boolean isHotplugged();
}
