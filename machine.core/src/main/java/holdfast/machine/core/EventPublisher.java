package holdfast.machine.core;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.api.MemoryDevice;

/** Publishes what happens to a machine. */
record EventPublisher(AdminEvents events) implements MachineWatcher {
  @Override
  public void objectAdded(Backend backend) {
    events.publish(new AdminEvent.ObjectAdded(backend.region().id().value()));
  }

  @Override
  public void objectRemoved(Backend backend) {
    events.publish(new AdminEvent.ObjectRemoved(backend.region().id().value()));
  }

  @Override
  public void objectChanged(Backend backend) {
    events.publish(new AdminEvent.ObjectChanged(backend.region().id().value()));
  }

  @Override
  public void devicePlugged(MemoryDevice device) {
    events.publish(new AdminEvent.DevicePlugged(DeviceStatus.of(device)));
  }

  @Override
  public void deviceUnplugged(MemoryDevice device) {
    events.publish(new AdminEvent.DeviceUnplugged(DeviceStatus.of(device)));
  }
}
