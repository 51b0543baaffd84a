package holdfast.monitor.metrics.internal.jmx;

import java.util.HashMap;
import java.util.Map;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The beans that were registered here, and no others. Used by one thread at a time. */
final class Registrations {
  private static final Logger LOG = LoggerFactory.getLogger(Registrations.class);

  private final MBeanServer server;
  private final Map<BeanName, Object> registered = new HashMap<>();

  Registrations(MBeanServer server) {
    this.server = server;
  }

  /**
   * Registers and removes beans until these are there. A device that is equal to one that is there
   * stays; what came in place of another of the same name is registered anew.
   */
  void keep(Map<BeanName, Object> wanted) {
    for (BeanName name : registered.keySet().stream().toList()) {
      Object bean = wanted.get(name);
      boolean stays =
          bean != null && (!(bean instanceof DeviceBean) || bean.equals(registered.get(name)));
      if (!stays) {
        registered.remove(name);
        unregister(name.name());
      }
    }
    wanted.forEach(
        (name, bean) -> {
          if (!registered.containsKey(name) && register(name.name(), bean)) {
            registered.put(name, bean);
          }
        });
  }

  private boolean register(ObjectName name, Object bean) {
    try {
      server.registerMBean(bean, name);
      return true;
    } catch (InstanceAlreadyExistsException e) {
      LOG.debug("another machine of this JVM has registered {}", name);
    } catch (JMException e) {
      LOG.warn("{} can't be registered: {}", name, e.getMessage());
    }
    return false;
  }

  private void unregister(ObjectName name) {
    try {
      server.unregisterMBean(name);
    } catch (InstanceNotFoundException e) {
      LOG.debug("{} was removed by somebody else", name);
    } catch (JMException e) {
      LOG.warn("{} can't be removed: {}", name, e.getMessage());
    }
  }
}
