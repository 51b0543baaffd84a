package holdfast.itest;

import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.apache.felix.service.command.CommandProcessor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;
import org.osgi.test.junit5.context.BundleContextExtension;
import org.osgi.test.junit5.service.ServiceExtension;

/**
 * What every test with a machine needs. After each test the machine is taken down, and the process
 * and the framework must hold what they held before it: no mapping, descriptor, thread, bundle or
 * service more or less.
 */
@ExtendWith({BundleContextExtension.class, ServiceExtension.class})
abstract class LiveMachineTest {
  @InjectBundleContext BundleContext context;
  @InjectService ConfigurationAdmin configurations;
  @InjectService CommandProcessor shell;

  MachineFixture machine;
  AllocatorBundle dax;
  AllocatorBundle file;
  private static boolean warm;
  private Footprint before;

  /** Where the files are. */
  Storage storage() {
    return Storage.disk();
  }

  @BeforeEach
  void prepare() throws IOException {
    // not the injected one: at the end of a test that uninstalls what was installed through it
    BundleContext own = FrameworkUtil.getBundle(LiveMachineTest.class).getBundleContext();
    dax = new AllocatorBundle(own, AllocatorBundle.DAX);
    file = new AllocatorBundle(own, AllocatorBundle.FILE);
    machine = new MachineFixture(context, configurations, shell, storage().newFolder());
    if (!warm) {
      machine.bringUp(); // libraries and log files that are opened once, and stay open
      machine.takeDown();
      Storage.remove(machine.folder());
      Files.createDirectory(machine.folder());
      warm = true;
    }
    before = Footprint.now(context);
  }

  @AfterEach
  void nothingIsLeftBehind() throws IOException, BundleException {
    machine.takeDown();
    dax.start();
    file.start();
    Storage.remove(machine.folder());
    Await.until(
        "as it was before the test",
        () -> Footprint.now(context).differencesFrom(before),
        List::isEmpty);
  }
}
