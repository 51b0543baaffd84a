package holdfast.vcpu.api.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.api.NoSlotLeftException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** An engine's memory is the guest's, less what has failed. */
class MemoryFollowerTest {
  private final FakeMemory memory = new FakeMemory();
  private final FakeMapper mapper = new FakeMapper(3);

  private MemoryFollower follow() throws Exception {
    return MemoryFollower.open(memory.memory(), mapper);
  }

  @Test
  void whatIsThereAndWhatComesIsMapped() throws Exception {
    memory.plug("ram", 0, 0x1000, false);
    try (var _ = follow()) {
      memory.plug("nv", 0x4000, 0x1000, true);
      assertEquals(List.of("ram", "nv"), mapper.mapped());
    }
  }

  @Test
  void whatGoesIsTakenAwayAndRemembered() throws Exception {
    try (MemoryFollower follower = follow()) {
      FakeMemory.Device nv = memory.plug("nv", 0x4000, 0x1000, false);
      memory.unplug(nv);
      assertEquals(List.of(), mapper.mapped());
      assertEquals(
          Optional.of(new Standing.Gone(nv.range(), "nv")), follower.at(new GuestAddress(0x4fff)));
      assertEquals(Optional.empty(), follower.at(new GuestAddress(0x5000)));
    }
  }

  @Test
  void whatComesWhereAnotherWasTakesItsPlace() throws Exception {
    try (MemoryFollower follower = follow()) {
      memory.unplug(memory.plug("nv", 0x4000, 0x1000, false));
      FakeMemory.Device next = memory.plug("next", 0x4000, 0x1000, false);
      assertEquals(Optional.of(new Standing.Mapped(next)), follower.at(new GuestAddress(0x4000)));
    }
  }

  @Test
  void whatFailsIsTakenAwayOnce() throws Exception {
    FakeMemory.Device nv = memory.plug("nv", 0x4000, 0x1000, false);
    try (MemoryFollower follower = follow()) {
      memory.fail(nv);
      memory.fail(nv);
      assertEquals(List.of(), mapper.mapped());
      assertEquals(Optional.of(new Standing.Failed(nv)), follower.at(nv.address()));
      memory.unplug(nv);
      assertInstanceOf(Standing.Gone.class, follower.at(nv.address()).orElseThrow());
    }
  }

  @Test
  void whatHasFailedBeforeIsNeverMapped() throws Exception {
    FakeMemory.Device nv = memory.plug("nv", 0x4000, 0x1000, false);
    memory.fail(nv);
    try (MemoryFollower follower = follow()) {
      assertEquals(List.of(), mapper.mapped());
      assertEquals(Optional.of(new Standing.Failed(nv)), follower.at(nv.address()));
    }
  }

  @Test
  void withTooFewSlotsNothingIsOpenedAndNothingStays() {
    for (int i = 0; i < 4; i++) {
      memory.plug("d" + i, i * 0x1000L, 0x1000, false);
    }
    assertEquals(3, assertThrows(NoSlotLeftException.class, this::follow).slots());
    assertEquals(List.of(), mapper.mapped());
    assertEquals(0, memory.listeners());
  }

  @Test
  void aDeviceThatComesLateAndFindsNoSlotIsKnownWithItsReason() throws Exception {
    try (MemoryFollower follower = follow()) {
      for (int i = 0; i < 4; i++) {
        memory.plug("d" + i, i * 0x1000L, 0x1000, false);
      }
      Standing last = follower.at(new GuestAddress(0x3000)).orElseThrow();
      assertInstanceOf(
          NoSlotLeftException.class, assertInstanceOf(Standing.Refused.class, last).reason());
    }
  }

  @Test
  void theEndTakesAllAway() throws Exception {
    memory.plug("ram", 0, 0x1000, false);
    follow().close();
    assertEquals(List.of(), mapper.mapped());
    assertEquals(0, memory.listeners());
  }
}
