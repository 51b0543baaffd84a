package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A whole NVDIMM as a DAX device, {@code /dev/dax0.0}, which has no file system. */
@NeedsGuest
@DisplayName("a DAX device")
class DeviceDaxIT {
  private static final String DEVICE = "/dev/dax0.0";
  private static final int NVDIMM_MIB = 256;

  /** What the kernel keeps at the beginning of the namespace, for itself. */
  private static final int INFO_BLOCK_MIB = 2;

  private static final int DEVICE_MIB = NVDIMM_MIB - INFO_BLOCK_MIB;

  private Nvdimm nvdimm;
  private Guest guest;

  @BeforeEach
  void boot() throws IOException, InterruptedException {
    nvdimm = Nvdimm.create("device", NVDIMM_MIB);
    guest = Guest.boot(nvdimm);
    guest.run("ndctl create-namespace -f -e namespace0.0 -m devdax -M mem").lines();
  }

  @AfterEach
  void end() throws IOException {
    if (guest != null) {
      guest.close();
      nvdimm.delete();
    }
  }

  private static String object(String options) {
    return "-object memory-backend-file,id=dev,mem-path=" + DEVICE + "," + options + " ";
  }

  private void checkRefused(String options, String... words)
      throws IOException, InterruptedException {
    String sentence = Probe.refusal(guest, object(options));
    System.out.println("device DAX, refused: " + sentence);
    for (String word : words) {
      assertTrue(sentence.contains(word), () -> "'" + word + "' is not in: " + sentence);
    }
  }

  @Test
  @DisplayName("size and alignment are sysfs', what contradicts them is refused, records survive")
  void deviceDax() throws IOException, InterruptedException {
    List<String> sysfs =
        guest.run("cat /sys/bus/dax/devices/dax0.0/size /sys/bus/dax/devices/dax0.0/align").lines();
    assertEquals(
        List.of((long) DEVICE_MIB << 20, 2L << 20), sysfs.stream().map(Long::valueOf).toList());

    String good = "pmem=on,share=on,";
    checkRefused(good + "size=128M,align=4K", "'dev'", DEVICE, "2M", "align");
    checkRefused(good + "size=255M,align=2M", "'dev'", DEVICE, "254M");

    assertEquals(List.of(DEVICE + " true -"), guest.run(Build.view(DEVICE)).lines());
    NvdimmOption option =
        new NvdimmOption("dev", DEVICE, DEVICE_MIB, 2, "share,align=2M,pmem=on,share=on");
    WriterVm machine = WriterVm.start(guest, 1, "writer.jar", "", List.of(option));
    machine.awaitRecord(100);
    guest.cutPower();

    long reported = machine.lastReported();
    WriterVm.RegionLine region = machine.region("dev");
    // The host's file is the NVDIMM: nothing stands between it and the device.
    String found =
        RecordReader.look(
            "dev",
            nvdimm.file(),
            (long) INFO_BLOCK_MIB << 20,
            region.visible(),
            option.labelAt(),
            reported);
    System.out.printf(
        "device DAX, %s: granularity %s, obtained %s, mmap(%s), %s of %d reported records"
            + " survived, the label at its end too%n",
        DEVICE,
        region.granularity(),
        region.obtained(),
        region.mmap(),
        found.split(" ", -1)[1],
        reported);
    assertEquals(List.of(), machine.warnings());
    region.checkMapSyncInForce();
    assertEquals(List.of("cache-line"), machine.granularities());
    assertEquals((long) (DEVICE_MIB - 2) << 20, region.visible());
    assertEquals("dev " + reported + " 0 true", found);
  }
}
