package holdfast.monitor.metrics.internal.jmx;

import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;

/**
 * What a bean is of.
 *
 * @param properties the key properties of its name, with values quoted where they are somebody's
 *     choice
 */
record BeanName(String properties) {
  static BeanName region(String id) {
    return new BeanName("type=Region,id=" + ObjectName.quote(id));
  }

  static BeanName device(String id) {
    return new BeanName("type=Device,id=" + ObjectName.quote(id));
  }

  static BeanName swap(String backend, int number) {
    return new BeanName("type=Swap,backend=" + ObjectName.quote(backend) + ",number=" + number);
  }

  static BeanName migration() {
    return new BeanName("type=Migration");
  }

  ObjectName name() {
    try {
      return new ObjectName("holdfast:" + properties);
    } catch (MalformedObjectNameException e) {
      throw new IllegalArgumentException(properties, e);
    }
  }
}
