package holdfast.monitor.metrics.internal.jmx;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;

/**
 * A device. While it is plugged, nothing of it changes but whether it is armed.
 *
 * @param status as it was when it was found
 */
record DeviceBean(MachineAdmin admin, DeviceStatus status) implements DeviceMXBean {
  @Override
  public String getId() {
    return status.id();
  }

  @Override
  public String getDriver() {
    return status.driver().toString();
  }

  @Override
  public String getMemdev() {
    return status.memdev();
  }

  @Override
  public String getAddress() {
    return "0x" + Long.toHexString(status.address().value());
  }

  @Override
  public long getSizeBytes() {
    return status.size().bytes();
  }

  @Override
  public long getLabelBytes() {
    return status.labelSize().bytes();
  }

  @Override
  public int getSlot() {
    return status.slot();
  }

  @Override
  public int getNode() {
    return status.node();
  }

  @Override
  public boolean isUnarmed() {
    try {
      return admin.device(status.id()).unarmed();
    } catch (AdminException e) {
      return status.unarmed(); // it has just gone
    }
  }

  @Override
  public boolean isReadOnly() {
    return status.readOnly();
  }

  @Override
  public boolean isHotplugged() {
    return status.hotplugged();
  }
}
