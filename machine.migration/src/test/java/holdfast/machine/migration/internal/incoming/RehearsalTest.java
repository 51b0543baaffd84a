package holdfast.machine.migration.internal.incoming;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.machine.core.AdminEvents;
import holdfast.machine.migration.internal.peer.Offer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A destination that waits rehearses what comes, and nobody hears of it. */
class RehearsalTest {
  private final Offer offer =
      new Offer(
          UUID.randomUUID(),
          "",
          "pc",
          0,
          1 << 20,
          List.of(new Offer.Block("nv", 1 << 20, false, true, "")),
          List.of(),
          List.of());

  @Test
  @DisplayName("it takes in often enough what was recorded for it, and tells no listener of it")
  void often() throws Exception {
    AdminEvents events = new AdminEvents();
    assertEquals(160, Rehearsal.rehearse(offer, events, () -> false));
    assertEquals(0, events.last());
  }

  @Test
  @DisplayName("it ends when the guest comes")
  void ends() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    assertEquals(
        2, Rehearsal.rehearse(offer, new AdminEvents(), () -> asked.incrementAndGet() > 2));
  }
}
