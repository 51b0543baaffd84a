package holdfast.launcher.internal.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineFixture;
import holdfast.launcher.internal.swap.SwapComponent;
import holdfast.machine.api.Ejection;
import holdfast.machine.api.GuestControl;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a device whose configuration is gone while there is a guest to ask. */
@Timeout(120)
class EjectedConfigurationTest {
  private static final String NV1 = "holdfast.nvdimm~nv1";

  private final MachineFixture there = new MachineFixture().withFile().withDax();
  private final AdminComponent admin =
      new AdminComponent(
          there.component(), new SwapComponent(there.component(), there.admin()), List::of);
  private final BlockingQueue<Ejection> asked = new LinkedBlockingQueue<>();
  private final GuestControl guest =
      new GuestControl() {
        @Override
        public String name() {
          return "a guest";
        }

        @Override
        public void requestEjection(Ejection ejection) {
          asked.add(ejection);
        }
      };

  @BeforeEach
  void up() throws Exception {
    there.backend("m0");
    there.nvdimm("nv0", "m0");
    there.backend("m1");
    there.nvdimm("nv1", "m1");
    there.machine("objects=m0,m1", "devices=nv0,nv1");
    there.up();
    admin.bindControl(guest);
  }

  @AfterEach
  void close() {
    there.close();
  }

  private boolean isPlugged() throws Exception {
    return admin.devices().stream().anyMatch(device -> device.id().equals("nv1"));
  }

  private Ejection unconfigure() throws Exception {
    there.configurations.delete(NV1);
    there.awaitFollowed();
    return next();
  }

  private Ejection next() throws InterruptedException {
    Ejection ejection = asked.poll(60, TimeUnit.SECONDS);
    assertNotNull(ejection, "the guest is not asked");
    return ejection;
  }

  @Test
  @DisplayName("a guest that answers late takes no configuration away that was put back meanwhile")
  void putBack() throws Exception {
    Ejection ejection = unconfigure();
    there.nvdimm("nv1", "m1");
    there.awaitFollowed();
    ejection.eject();
    there.awaitFollowed();
    Map<String, ?> own = there.configurations.written().get(MachineComponent.PID);
    assertTrue(there.configurations.written().containsKey(NV1));
    assertTrue(own.get("devices").toString().contains("nv1"), own::toString);
    assertTrue(isPlugged(), "it is wanted, and plugged again");
  }

  @Test
  @DisplayName("a guest that refuses is asked again when something is configured the next time")
  void refused() throws Exception {
    unconfigure().refuse("it is in use");
    assertTrue(isPlugged());
    there.machine("objects=m0,m1", "devices=nv0");
    there.awaitFollowed();
    next().eject();
    assertFalse(isPlugged());
  }

  @Test
  @DisplayName("once nobody can ask the guest any more, it is unplugged")
  void nobodyCanAsk() throws Exception {
    unconfigure();
    admin.unbindControl(guest);
    there.machine("objects=m0,m1", "devices=nv0");
    there.awaitFollowed();
    assertFalse(isPlugged());
    assertEquals(List.of(), List.copyOf(asked));
  }
}
