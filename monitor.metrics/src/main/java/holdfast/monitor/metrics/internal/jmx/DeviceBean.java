package holdfast.monitor.metrics.internal.jmx;

import holdfast.machine.admin.DeviceStatus;

/** A device; nothing of it changes while it is plugged. */
record DeviceBean(DeviceStatus status) implements DeviceMXBean {
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
    return status.unarmed();
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
