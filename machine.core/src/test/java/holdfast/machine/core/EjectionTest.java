package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.admin.Retention;
import holdfast.machine.admin.Unplugging;
import holdfast.machine.admin.Unplugging.Kept;
import holdfast.machine.admin.Unplugging.Unplugged;
import holdfast.machine.api.Ejection;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.MemoryDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a device that the guest is asked for, on blocks without memory. */
@Timeout(120)
class EjectionTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final OpenMachine open =
      OpenMachine.of("-object", "memory-backend-ram,id=m1,size=1M", "-object", BACKEND2);
  private static final String BACKEND2 = "memory-backend-ram,id=m2,size=1M";
  private final MachineOperations admin = open.admin();
  private final List<String> events = new ArrayList<>();

  @BeforeEach
  void plug() throws Exception {
    admin.plug("pc-dimm", Map.of("id", "d1", "memdev", "m1"));
  }

  @AfterEach
  void close() {
    open.close();
  }

  /** A guest that answers as a test says. */
  private static final class Guest implements GuestControl {
    final BlockingQueue<Ejection> asked = new LinkedBlockingQueue<>();
    private final Consumer<Ejection> answer;

    Guest(Consumer<Ejection> answer) {
      this.answer = answer;
    }

    @Override
    public String name() {
      return "guest";
    }

    @Override
    public void requestEjection(Ejection ejection) {
      asked.add(ejection);
      answer.accept(ejection);
    }
  }

  private Guest guest(Consumer<Ejection> answer) {
    Guest guest = new Guest(answer);
    open.controls.add(guest);
    return guest;
  }

  private boolean isPlugged() {
    return open.devices().stream().anyMatch(device -> device.id().equals("d1"));
  }

  @Test
  @DisplayName("without anybody who could ask the guest, it is unplugged at once")
  void nobodyAsks() throws Exception {
    Unplugging unplugging = admin.requestUnplug("d1");
    assertEquals(Optional.of(new Unplugged(Retention.OF_THIS_MACHINE)), unplugging.outcome());
    assertFalse(isPlugged());
    assertThrows(NoSuchDeviceException.class, () -> admin.requestUnplug("d1"));
  }

  @Test
  @DisplayName("it stays until the guest gives it up, and is gone when that call returns")
  void guestEjectsLater() throws Exception {
    Guest guest = guest(ejection -> {});
    Unplugging unplugging = admin.requestUnplug("d1");
    assertEquals("d1", unplugging.deviceId());
    assertEquals(Optional.empty(), unplugging.await(Duration.ofMillis(1)));
    assertTrue(isPlugged());
    Ejection ejection = guest.asked.take();
    assertTrue(ejection.isPending());
    assertEquals("d1", ejection.device().id());

    ejection.eject();
    assertFalse(isPlugged());
    assertFalse(ejection.isPending());
    assertInstanceOf(Unplugged.class, unplugging.await(LONG).orElseThrow());
    ejection.eject(); // a second _EJ0
    ejection.refuse("too late");
    assertInstanceOf(Unplugged.class, unplugging.outcome().orElseThrow());
  }

  @Test
  @DisplayName("a guest may give it up before the request has returned")
  void guestEjectsAtOnce() throws Exception {
    guest(Ejection::eject);
    assertInstanceOf(Unplugged.class, admin.requestUnplug("d1").await(LONG).orElseThrow());
    assertFalse(isPlugged());
  }

  @Test
  @DisplayName("a guest that refuses keeps it, the reason is told, and it can be asked again")
  void guestRefuses() throws Exception {
    Guest guest = guest(ejection -> ejection.refuse("it is in use"));
    CountDownLatch told = new CountDownLatch(1);
    try (var _ =
        admin.subscribe(
            event -> {
              if (event.change() instanceof AdminEvent.UnplugRefused(var device, String reason)) {
                events.add(device.id() + " " + reason);
                told.countDown();
              }
            })) {
      Unplugging refused = admin.requestUnplug("d1");
      assertEquals(Optional.of(new Kept("it is in use")), refused.await(LONG));
      assertTrue(told.await(60, TimeUnit.SECONDS));
    }
    assertEquals(List.of("d1 it is in use"), events);
    assertTrue(isPlugged());
    guest.asked.take().eject(); // it has refused
    assertTrue(isPlugged());

    Unplugging again = admin.requestUnplug("d1");
    assertEquals(Optional.of(new Kept("it is in use")), again.await(LONG));
  }

  @Test
  @DisplayName("asked again before its answer, it is the same request")
  void askedTwice() throws Exception {
    Guest guest = guest(ejection -> {});
    Unplugging first = admin.requestUnplug("d1");
    assertSame(first, admin.requestUnplug("d1"));
    assertSame(guest.asked.take(), guest.asked.take());
  }

  @Test
  @DisplayName("asked again in vain, what the guest was asked for before still goes")
  void askedAgainInVain() throws Exception {
    AtomicInteger times = new AtomicInteger();
    Guest guest =
        guest(
            ejection -> {
              if (times.incrementAndGet() > 1) {
                throw new IllegalStateException("it was asked already");
              }
            });
    Unplugging first = admin.requestUnplug("d1");
    assertThrows(RefusedException.class, () -> admin.requestUnplug("d1"));
    assertEquals(Optional.empty(), first.outcome());
    guest.asked.take().eject();
    assertInstanceOf(Unplugged.class, first.await(LONG).orElseThrow());
    assertFalse(isPlugged());
  }

  @Test
  @DisplayName(
      "taken away by force meanwhile, the request is answered, and a late ejection is nothing")
  void forced() throws Exception {
    Guest guest = guest(ejection -> {});
    Unplugging unplugging = admin.requestUnplug("d1");
    admin.unplug("d1");
    assertInstanceOf(Unplugged.class, unplugging.await(LONG).orElseThrow());
    admin.plug("pc-dimm", Map.of("id", "d1", "memdev", "m2"));
    guest.asked.take().eject();
    assertTrue(isPlugged(), "another device of the same id is not what the guest gave up");
  }

  @Test
  @DisplayName("base RAM is refused, though there is a guest to ask")
  void baseRam() {
    Guest guest = guest(Ejection::eject);
    String ram = open.devices().getFirst().id();
    assertThrows(RefusedException.class, () -> admin.requestUnplug(ram));
    assertTrue(guest.asked.isEmpty());
  }

  @Test
  @DisplayName("an emulator that fails is named, and the device stays")
  void emulatorFails() {
    guest(
        ejection -> {
          throw new IllegalStateException("the guest has no ACPI");
        });
    RefusedException e = assertThrows(RefusedException.class, () -> admin.requestUnplug("d1"));
    assertEquals(
        "the emulator (guest) did not ask the guest for device 'd1': the guest has no ACPI",
        e.getMessage());
    assertTrue(isPlugged());
    RefusedException reset = assertThrows(RefusedException.class, admin::resetGuest);
    assertEquals(
        "the emulator (guest) did not reset the guest: it has no reset", reset.getMessage());
  }

  @Test
  @DisplayName("without an emulator that can, reset and power down are refused with what is needed")
  void nobodyResets() {
    RefusedException e = assertThrows(RefusedException.class, admin::powerDownGuest);
    assertEquals(
        "nobody here can ask the guest to shut down: the emulator has to register a GuestControl"
            + " for that",
        e.getMessage());
  }

  @Test
  @DisplayName(
      "an emulator that hangs is waited for within a limit, and not called again meanwhile")
  void emulatorHangs() throws Exception {
    GuestControls controls = new GuestControls(Duration.ofMillis(50));
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch returned = new CountDownLatch(1);
    controls.add(new Guest(ejection -> {}));
    Consumer<GuestControl> ask =
        control -> {
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          returned.countDown();
        };
    assertThrows(BusyException.class, () -> controls.call("ask the guest", ask));
    assertThrows(BusyException.class, () -> controls.call("reset the guest", GuestControl::reset));
    end.countDown();
    assertTrue(returned.await(60, TimeUnit.SECONDS));
  }

  @Test
  @DisplayName("what the guest gives up is the device it was asked for, and not another of its id")
  void anotherOfItsId() throws Exception {
    Guest guest = guest(ejection -> {});
    MemoryDevice first = admin.plugged("d1");
    Unplugging unplugging =
        admin.requestUnplug(
            first,
            device -> {
              admin.unplug("d1");
              admin.plug("pc-dimm", Map.of("id", "d1", "memdev", "m1"));
              admin.remove(device);
              return Retention.OF_THIS_MACHINE;
            });
    guest.asked.take().eject();
    assertInstanceOf(Unplugged.class, unplugging.await(LONG).orElseThrow());
    assertTrue(isPlugged(), "the second one");
    assertNotSame(first, admin.plugged("d1"));
  }

  @Test
  @DisplayName("of a device that has just gone the guest is not asked, and nobody waits for it")
  void justGone() throws Exception {
    Guest guest = guest(ejection -> {});
    MemoryDevice device = admin.plugged("d1");
    admin.unplug("d1");
    Unplugging unplugging = admin.requestUnplug(device, gone -> Retention.OF_THIS_MACHINE);
    assertInstanceOf(Unplugged.class, unplugging.outcome().orElseThrow());
    assertTrue(guest.asked.isEmpty());
  }

  @Test
  @DisplayName("a guest that was asked by an emulator that was slow is heard, whatever came then")
  void slowThenRefusing() throws Exception {
    CountDownLatch slow = new CountDownLatch(1);
    BlockingQueue<Ejection> given = new LinkedBlockingQueue<>();
    AtomicInteger calls = new AtomicInteger();
    GuestControls impatient = new GuestControls(Duration.ofMillis(100));
    GuestRequests requests = new GuestRequests(open.machine(), impatient, new AdminEvents());
    impatient.add(
        new Guest(
            ejection -> {
              if (calls.incrementAndGet() > 1) {
                throw new IllegalStateException("it was asked already");
              }
              awaitUninterrupted(slow);
              given.add(ejection);
            }));
    MemoryDevice device = admin.plugged("d1");
    Removal removal = one -> admin.unplug(one.id());
    assertThrows(BusyException.class, () -> requests.eject(device, removal));
    slow.countDown();
    Ejection ejection = given.take();
    assertThrows(RefusedException.class, () -> requests.eject(device, removal));
    ejection.eject();
    assertFalse(isPlugged(), "the guest has given it up");
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName("two requests at once wait for each other")
  void twoAtOnce() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch inside = new CountDownLatch(1);
    GuestControls controls = new GuestControls(Duration.ofSeconds(60));
    controls.add(new Guest(ejection -> {}));
    Thread first =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    controls.call(
                        "reset the guest",
                        one -> {
                          inside.countDown();
                          awaitUninterrupted(end);
                        });
                  } catch (AdminException e) {
                    throw new AssertionError(e);
                  }
                });
    assertTrue(inside.await(60, TimeUnit.SECONDS));
    Thread second =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    controls.call("reset the guest", one -> {});
                  } catch (AdminException e) {
                    throw new AssertionError(e);
                  }
                });
    assertFalse(second.join(Duration.ofMillis(50)), "it did not wait for its turn");
    end.countDown();
    assertTrue(first.join(LONG) && second.join(LONG));
  }

  @Test
  @DisplayName("of several who ask for a device, the last says what else goes with it")
  void theLastSays() throws Exception {
    Guest guest = guest(ejection -> {});
    List<String> removals = new ArrayList<>();
    MemoryDevice device = admin.plugged("d1");
    for (String who : List.of("first", "last")) {
      admin.requestUnplug(
          device,
          gone -> {
            removals.add(who);
            return admin.unplug(gone.id());
          });
    }
    guest.asked.take().eject();
    assertEquals(List.of("last"), removals);
  }

  @Test
  @DisplayName("the machine's end answers what is open")
  void machineEnds() throws Exception {
    guest(ejection -> {});
    Unplugging unplugging = admin.requestUnplug("d1");
    open.close();
    assertEquals(Optional.of(new Kept("the machine has ended")), unplugging.await(LONG));
  }
}
