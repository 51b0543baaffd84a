package holdfast.machine.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.ByteSize;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A refused access says which access, which device and backend, why, and what to do. */
class GuestMemoryExceptionTest {
  private final MemoryDevice device =
      new FakeDevice("nv1", FakeRegion.of("m1", 4096), new GuestAddress(1L << 32), 0);

  @Test
  void unmappedNamesTheNearestDevice() {
    UnmappedAddressException e =
        new UnmappedAddressException(
            new GuestAddress(0x1_0000_0ff8L), 16, new GuestAddress(0x1_0000_1000L), device);
    assertEquals(
        "16 bytes at guest address 0x100000ff8: no memory stands at 0x100001000; the nearest device"
            + " is nvdimm 'nv1' at [0x100000000, 0x100000fff]; access that, or plug a device where"
            + " the access goes",
        e.getMessage());
    assertEquals(Optional.of(new GuestAddress(0x1_0000_1000L)), e.unmapped());
    assertEquals(Optional.of(device), e.nearest());
    assertEquals(new GuestAddress(0x1_0000_0ff8L), e.address());
    assertEquals(16, e.length());
  }

  @Test
  void unmappedOfAMachineThatHasEnded() {
    UnmappedAddressException e =
        new UnmappedAddressException(GuestAddress.ZERO, 1, GuestAddress.ZERO, null);
    assertEquals(
        "1 byte at guest address 0x0: no memory stands at 0x0: the machine has ended, and its memory"
            + " with it; let go of this guest memory",
        e.getMessage());
    assertEquals(Optional.empty(), e.nearest());
  }

  @Test
  void unmappedPastTheLastAddress() {
    UnmappedAddressException e = new UnmappedAddressException(GuestAddress.MAX, 2, null, null);
    assertEquals(
        "2 bytes at guest address 0xffffffffffffffff: the range runs past the last guest address"
            + " 0xffffffffffffffff; access less of it",
        e.getMessage());
    assertEquals(Optional.empty(), e.unmapped());
  }

  @Test
  void readOnlyNamesTheBackend() {
    ReadOnlyDeviceException e = new ReadOnlyDeviceException(device.address(), 8, device);
    assertEquals(
        "8 bytes at guest address 0x100000000: can't be written, since memory backend 'm1' behind"
            + " nvdimm 'nv1' at [0x100000000, 0x100000fff] is read-only; write elsewhere, or open"
            + " that backend for writing",
        e.getMessage());
    assertEquals(device, e.device());
  }

  @Test
  void splitSaysHowMuchThereIs() {
    SplitRangeException e =
        new SplitRangeException(device.address(), 8192, device, new ByteSize(4096));
    assertEquals(
        "8192 bytes at guest address 0x100000000: only the first 4096 are in nvdimm 'nv1' at"
            + " [0x100000000, 0x100000fff], the next ones in another device; ask for each part by"
            + " itself, or copy with read and write",
        e.getMessage());
    assertEquals(device, e.device());
    assertEquals(new ByteSize(4096), e.available());
  }

  @Test
  void lostKeepsItsCause() {
    InternalError fault = new InternalError("a fault occurred");
    LostMemoryException e = new LostMemoryException(device.address(), 8, device, fault);
    assertEquals(
        "8 bytes at guest address 0x100000000: the host can't provide a page of memory backend 'm1'"
            + " behind nvdimm 'nv1' at [0x100000000, 0x100000fff]; its file was truncated, or its"
            + " disk is full or failed: stop the guest and look at /d/m1",
        e.getMessage());
    assertEquals(fault, e.getCause());
    assertEquals(device, e.device());
  }

  @Test
  void callerSaysThatTheGuestIsWhole() {
    InternalError fault = new InternalError("a fault occurred");
    CallerMemoryException e = new CallerMemoryException(device.address(), 8, fault);
    assertEquals(
        "8 bytes at guest address 0x100000000: the guest's memory can be accessed there, but other"
            + " memory of this thread can't: what it gave as source or target, or accessed just"
            + " before, maps a file that was truncated, or whose disk is full or failed; look at"
            + " that file, and repeat the access",
        e.getMessage());
    assertEquals(fault, e.getCause());
  }
}
