package holdfast.start;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;

/** What is closed when all else has ended, such as the file with the number of the process. */
final class LastServices {
  private static final String FILTER =
      "(&(objectClass=java.lang.AutoCloseable)(holdfast.last=true))";

  private LastServices() {}

  /** Returns them, as long as there is a framework that knows. */
  static List<AutoCloseable> of(@Nullable Framework made) {
    List<AutoCloseable> found = new ArrayList<>();
    try {
      BundleContext context = made == null ? null : made.getBundleContext();
      if (context != null) {
        for (ServiceReference<AutoCloseable> each :
            context.getServiceReferences(AutoCloseable.class, FILTER)) {
          AutoCloseable service = context.getService(each);
          if (service != null) {
            found.add(service);
          }
        }
      }
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    } catch (IllegalStateException e) {
      return found; // the framework is just ending, or has ended
    }
    return found;
  }
}
