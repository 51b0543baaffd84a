package holdfast.itest.dax;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.acpi.FitChunk;
import holdfast.machine.acpi.LiveNvdimmTables;
import holdfast.machine.acpi.NvdimmNotification;
import holdfast.machine.acpi.NvdimmPlatform;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.core.Holdfast;
import holdfast.machine.nvdimm.FitReader;
import holdfast.machine.nvdimm.NvdimmDsm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Linux' own driver and our tables: a guest of QEMU's without an NVDIMM, to which the firmware
 * shows the tables of a machine of ours with two.
 */
@NeedsGuest
@DisplayName("Linux' nfit driver binds to Holdfast's tables")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NfitIT {
  private static final int NVDIMM_MIB = 128;
  private static final long SIZE = (long) NVDIMM_MIB << 20;

  private static final List<NvdimmNotification> told = new CopyOnWriteArrayList<>();

  private static Holdfast machine;
  private static AcpiHost host;
  private static Guest guest;

  @BeforeAll
  static void boot() throws Exception {
    machine =
        Holdfast.open(
            "-machine", "pc,nvdimm=on",
            "-m", "16M,slots=4,maxmem=2G",
            "-object", "memory-backend-ram,id=m0,size=130M",
            "-object", "memory-backend-ram,id=m1,size=130M",
            "-device", "nvdimm,id=nv0,memdev=m0,label-size=2M",
            "-device", "nvdimm,id=nv1,memdev=m1,label-size=2M,unarmed=on");
    NvdimmPlatform platform =
        NvdimmPlatform.of(4, AcpiHost.PAGE).withPersistence(NvdimmPersistence.CPU).withEvents(4, 5);
    LiveNvdimmTables tables = new LiveNvdimmTables(platform, told::add);
    machine.memory().addListener(tables);
    List<MemoryDevice> nvdimms =
        machine.memory().devices().stream()
            .filter(device -> device.driver() == DeviceKind.NVDIMM)
            .toList();
    assertEquals(
        List.of("[0x100000000, 0x107ffffff]", "[0x108000000, 0x10fffffff]"),
        nvdimms.stream().map(device -> device.range().toString()).toList());
    NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), offset -> part(tables.readFit(offset)));
    host =
        new AcpiHost(
            Path.of("target", "guest", "nfit"),
            tables.tables(),
            3 * NVDIMM_MIB,
            page -> assertTrue(dsm.answer(page), "the page was lost"));
    guest = Guest.boot(host.board());
  }

  private static FitReader.Part part(FitChunk chunk) {
    return new FitReader.Part(chunk.status(), chunk.bytes());
  }

  @AfterAll
  static void end() throws IOException {
    if (guest != null) {
      guest.close();
    }
    if (host != null) {
      host.close();
    }
    if (machine != null) {
      machine.close();
    }
  }

  private static String sysfs(String path) throws IOException, InterruptedException {
    return String.join("\n", guest.run("cat /sys/bus/nd/devices/" + path).lines());
  }

  @Test
  @Order(1)
  @DisplayName("two modules, two regions of their sizes and places, how far stores have to go")
  void binds() throws IOException, InterruptedException {
    Set<String> found = Set.copyOf(guest.run("ls /sys/bus/nd/devices").lines());
    System.out.println("Linux made of our tables: " + found);
    assertTrue(
        found.containsAll(
            Set.of(
                "ndbus0", "nmem0", "nmem1", "region0", "region1", "namespace0.0", "namespace1.0")),
        found::toString);
    for (int i = 0; i < 2; i++) {
      assertEquals("" + SIZE, sysfs("region" + i + "/size"));
      assertEquals("0x%x".formatted((1L << 32) + i * SIZE), sysfs("region" + i + "/resource"));
      assertEquals("cpu_cache", sysfs("region" + i + "/persistence_domain"));
      assertEquals("0x%x".formatted(i + 1), sysfs("nmem" + i + "/nfit/handle"));
      assertEquals(
          "0x%08x".formatted(Integer.reverseBytes(0x123456 + i)),
          sysfs("nmem" + i + "/nfit/serial"));
    }
    List<String> iomem = guest.run("grep Persistent /proc/iomem").lines();
    System.out.println(iomem);
    assertEquals(2, iomem.size(), iomem::toString);
    Set<Integer> asked =
        host.requests().stream().map(AcpiHost.Request::handle).collect(Collectors.toSet());
    System.out.println(host.requests().size() + " requests so far, of handles " + asked);
    assertTrue(asked.containsAll(Set.of(0x10000, 1, 2)), asked::toString);
  }

  @Test
  @Order(2)
  @DisplayName("a file system on the armed one keeps a file; the unarmed one can't be written")
  void fileSystem() throws IOException, InterruptedException {
    List<String> said =
        guest
            .run(
                """
                set -e
                mke2fs -q -F -t ext4 /dev/pmem0
                mkdir /nfit
                mount -t ext4 /dev/pmem0 /nfit
                echo kept > /nfit/file
                umount /nfit
                mount -t ext4 /dev/pmem0 /nfit
                cat /nfit/file
                umount /nfit
                """)
            .lines();
    assertEquals(List.of("kept"), said);
    MemoryDevice unarmed = machine.memory().devices().getLast();
    assertTrue(unarmed.unarmed());

    assertEquals("0", sysfs("region0/read_only"));
    assertEquals("1", sysfs("region1/read_only"));
    assertFalse(sysfs("nmem0/nfit/flags").contains("not_armed"));
    assertTrue(sysfs("nmem1/nfit/flags").contains("not_armed"));
    Guest.Ended refused = guest.run("dd if=/dev/zero of=/dev/pmem1 bs=4096 count=1 oflag=direct");
    System.out.println("a write to the unarmed one: " + refused.err());
    assertEquals(1, refused.status(), refused::out);
  }

  @Test
  @Order(3)
  @DisplayName("ndctl writes and reads labels by _DSM, and makes a namespace of one with them")
  void labels() throws IOException, InterruptedException {
    // Linux never calls the label methods of a device with these _DSM functions.
    int before = host.requests().size();
    List<String> said =
        guest
            .run(
                """
                set -e
                ndctl disable-region region0 2>&1
                ndctl disable-region region1 2>&1
                ndctl init-labels nmem0 nmem1 2>&1
                ndctl check-labels nmem0 nmem1 2>&1
                ndctl enable-region region0 2>&1
                ndctl create-namespace -r region0 -m fsdax -M mem -n ours > /dev/null
                ndctl list -N -n namespace0.0
                """)
            .lines();

    said.forEach(System.out::println);
    assertTrue(said.toString().contains("\"name\":\"ours\""), said::toString);
    List<AcpiHost.Request> asked = host.requests().subList(before, host.requests().size());
    System.out.println(asked.size() + " requests for labels");
    for (int handle : new int[] {1, 2}) {
      for (int function : new int[] {5, 6}) {
        assertTrue(
            asked.contains(new AcpiHost.Request(handle, function)),
            handle + ", function " + function);
      }
    }
    for (MemoryDevice device : machine.memory().devices()) {
      if (device.driver() == DeviceKind.NVDIMM) {
        byte[] signature = new byte[16];
        device.label().orElseThrow().asByteBuffer().get(0, signature);
        assertEquals("NAMESPACE_INDEX\0", new String(signature, US_ASCII));
      }
    }
  }

  /** Runs the handler of event 4, and waits until the guest has seen to it. */
  private static void tell(String until) throws IOException, InterruptedException {
    guest
        .run(
            """
            cat %s > /dev/null
            for i in $(seq 300); do
              %s && exit 0
              sleep 0.1
            done
            busybox dmesg | tail -20
            exit 1
            """
                .formatted(AcpiHost.EVENT_4, until))
        .lines();
  }

  @Test
  @Order(4)
  @DisplayName(
      "one that is plugged while the guest runs is found by _FIT; so is the next in its slot")
  void plugged() throws Exception {
    NvdimmNotification anotherFit =
        new NvdimmNotification("\\_SB.NVDR", NvdimmNotification.FIT_CHANGED);
    assertEquals(List.of(), told);

    machine.admin().addObject("memory-backend-ram", Map.of("id", "m2", "size", "130M"));
    machine.admin().plug("nvdimm", Map.of("id", "nv2", "memdev", "m2", "label-size", "2M"));
    assertEquals(List.of(anotherFit), told);
    tell("test -b /dev/pmem2");

    assertEquals("" + SIZE, sysfs("region2/size"));
    assertEquals("0x110000000", sysfs("region2/resource"));
    assertEquals("0x3", sysfs("nmem2/nfit/handle"));
    guest
        .run(
            """
            set -e
            mke2fs -q -F -t ext4 /dev/pmem2
            mkdir /plugged
            mount -t ext4 /dev/pmem2 /plugged
            umount /plugged
            ndctl disable-region region2
            """)
        .lines();

    machine.admin().unplug("nv2");
    assertEquals(List.of(anotherFit, anotherFit), told);
    tell("busybox dmesg | grep -q 'new nfit deletes entries (unsupported)'");
    assertEquals("" + SIZE, sysfs("region0/size"));

    // Its region was disabled before it went: so another one can take its place.
    machine.admin().plug("nvdimm", Map.of("id", "nv3", "memdev", "m2", "label-size", "2M"));
    tell("test -b /dev/pmem3");
    assertEquals("0x110000000", sysfs("region3/resource"));
  }
}
