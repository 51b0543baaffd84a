package holdfast.host.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** No signal that somebody handles is taken, and one for the whole process. */
class WakeSignalChoiceTest {
  /** A host whose free signals are from 34 to 64, and which remembers what it handles. */
  private static final class Host implements VmmCalls {
    private final List<Integer> handled = new ArrayList<>();

    @Override
    public int ioctl(int fd, String name, long request, long argument) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ByteBuffer map(int fd, int length) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void unmap(ByteBuffer mapped) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int gettid() {
      return 1;
    }

    @Override
    public void tgkill(int tid, int signal) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int sigrtmin() {
      return 34;
    }

    @Override
    public int sigrtmax() {
      return 64;
    }

    @Override
    public void letInterrupt(int signal) {
      handled.add(signal);
    }
  }

  private final Host host = new Host();

  @Test
  void theFirstFreeOneFromTheMiddleIsTaken() throws Exception {
    assertEquals(49, WakeSignal.choose(host, 0).number());
    assertEquals(51, WakeSignal.choose(host, 3L << 48).number());
    assertEquals(List.of(49, 51), host.handled);
  }

  @Test
  void whereNoneIsFreeNothingIsChanged() {
    assertThrows(IllegalStateException.class, () -> WakeSignal.choose(host, -1));
    assertEquals(List.of(), host.handled);
  }

  @Test
  void handledAndIgnoredSignalsAreTaken() {
    List<String> status =
        List.of(
            "SigBlk:\t0000000000000001", "SigIgn:\t0000000000000002", "SigCgt:\t8000000000000004");
    assertEquals(0x8000000000000006L, WakeSignal.mask(status));
  }

  @Test
  void theProcessHasOneAndNobodyElsesHandlerIsChanged() throws Exception {
    long before = handled();
    WakeSignal signal = WakeSignal.ofThisProcess();
    assertEquals(signal.number(), WakeSignal.ofThisProcess().number());
    assertEquals(before | 1L << signal.number() - 1, handled());
  }

  private static long handled() throws IOException {
    return WakeSignal.mask(Files.readAllLines(Path.of("/proc/self/status")));
  }
}
