package holdfast.vcpu.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.VmmCalls;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.SystemCall;
import holdfast.machine.core.Holdfast;
import holdfast.vcpu.api.EngineCallException;
import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.EngineRefusedException;
import holdfast.vcpu.api.NoVcpuLeftException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.kvm.internal.Kvm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever KVM can't give is a named error, and leaves nothing behind. */
@Timeout(120)
class KvmRefusalTest {
  @TempDir Path folder;

  /** The host's calls, one of which fails. */
  private static final class Calls implements VmmCalls {
    private final VmmCalls real = HostLibc.vmm();
    private final String failing;
    private final int answer;
    private int left;

    /** The {@code nth} request {@code failing}, from 1, gets the error {@code answer}. */
    Calls(String failing, int nth, int answer) {
      this.failing = failing;
      this.left = nth;
      this.answer = answer;
    }

    @Override
    public int ioctl(int fd, String name, long request, long argument) throws ErrnoException {
      if (name.equals(failing) && --left == 0) {
        if (answer == 0) {
          return 0;
        }
        throw new ErrnoException("ioctl(" + name + ")", new Errno(answer, "injected"));
      }
      return real.ioctl(fd, name, request, argument);
    }

    @Override
    public ByteBuffer map(int fd, int length) throws ErrnoException {
      if (failing.equals("map")) {
        throw new ErrnoException("mmap", new Errno(answer, "injected"));
      }
      return real.map(fd, length);
    }

    @Override
    public void unmap(ByteBuffer mapped) throws ErrnoException {
      real.unmap(mapped);
    }

    @Override
    public int gettid() {
      return real.gettid();
    }

    @Override
    public void tgkill(int tid, int signal) throws ErrnoException {
      real.tgkill(tid, signal);
    }

    @Override
    public int sigrtmin() {
      return real.sigrtmin();
    }

    @Override
    public int sigrtmax() {
      return real.sigrtmax();
    }

    @Override
    public void letInterrupt(int signal) throws ErrnoException {
      real.letInterrupt(signal);
    }
  }

  private static <T extends VcpuException> T refused(Class<T> type, int errno) {
    FaultyLibc libc = FaultyLibc.host();
    libc.with(Fault.ofEvery(SystemCall.OPEN, errno));
    return assertThrows(type, () -> Kvm.open(libc, HostLibc.vmm()));
  }

  @Test
  @DisplayName("no /dev/kvm, and one that may not be opened, are two errors, each with its remedy")
  void theDevice() {
    EngineMissingException missing = refused(EngineMissingException.class, Errno.ENOENT);
    assertEquals("/dev/kvm", missing.missing());
    assertTrue(missing.getMessage().contains("kvm_intel"), missing::getMessage);
    EngineRefusedException refused = refused(EngineRefusedException.class, Errno.EACCES);
    assertEquals("/dev/kvm", refused.resource());
    assertTrue(refused.getMessage().contains("group kvm"), refused::getMessage);
    EngineCallException other = refused(EngineCallException.class, Errno.ENOMEM);
    assertEquals(Errno.ENOMEM, other.code());
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(KvmRefusalTest::isOfKvm).count();
    }
  }

  private static boolean isOfKvm(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("kvm");
    } catch (IOException e) {
      return false; // closed by now
    }
  }

  @Test
  @DisplayName("whichever request fails, it is named, and no descriptor is left")
  void requests() throws Exception {
    try (Holdfast machine = KvmFixture.open(KvmFixture.file(folder.resolve("nv")))) {
      KvmFixture.kvm(machine.memory()).close(); // or skipped
      long before = descriptors();
      for (String request :
          new String[] {
            "KVM_CREATE_VM",
            "KVM_SET_TSS_ADDR",
            "KVM_SET_USER_MEMORY_REGION",
            "KVM_CREATE_VCPU",
            "KVM_GET_SUPPORTED_CPUID",
            "KVM_SET_CPUID2",
            "KVM_GET_VCPU_MMAP_SIZE",
            "map"
          }) {
        Calls calls = new Calls(request, 1, Errno.ENOMEM);
        try (Kvm kvm = Kvm.open(HostLibc.instance(), calls)) {
          EngineCallException failure =
              assertThrows(
                  EngineCallException.class,
                  () -> {
                    try (KvmMachine opened = KvmMachine.open(kvm, 32, machine.memory())) {
                      opened.vcpu("cpu0");
                    }
                  });
          assertTrue(
              failure.call().contains(request.equals("map") ? "mmap" : request),
              failure::getMessage);
        }
        assertEquals(before, descriptors(), request);
      }
    }
  }

  @Test
  @DisplayName("a machine's last vCPU is told by the limit, since KVM takes none back")
  void vcpus() throws Exception {
    try (Holdfast machine = KvmFixture.open(KvmFixture.file(folder.resolve("nv")))) {
      KvmFixture.kvm(machine.memory()).close(); // or skipped
      int most;
      try (Kvm kvm = Kvm.open(HostLibc.instance(), HostLibc.vmm())) {
        most = kvm.vcpus();
      }
      try (KvmMachine kvm = KvmMachine.open(machine.memory())) {
        for (int i = 0; i < most; i++) {
          kvm.vcpu("cpu" + i).close();
        }
        NoVcpuLeftException refused =
            assertThrows(NoVcpuLeftException.class, () -> kvm.vcpu("last"));
        assertEquals(most, refused.limit());
        assertTrue(refused.getMessage().contains("'last'"), refused::getMessage);
        assertTrue(refused.getMessage().contains("open a new one"), refused::getMessage);
      }
    }
  }

  @Test
  @DisplayName("a KVM that lacks read-only slots is refused by that name")
  void capabilities() {
    Path device = Path.of("/dev/kvm");
    assumeTrue(Files.isReadable(device) && Files.isWritable(device), "there is no KVM here");
    EngineLackingException lacking =
        assertThrows(
            EngineLackingException.class,
            () -> Kvm.open(HostLibc.instance(), new Calls("KVM_CHECK_EXTENSION", 1, 0)));
    assertEquals("KVM_CAP_READONLY_MEM", lacking.lacking());
  }
}
