package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The bytes of an NVDIMM move between a disk and DAX while the guest works, and the power is cut.
 * The disk is a second emulated NVDIMM under an ext4 without DAX: what was not written back from
 * the guest's page cache is lost.
 */
@NeedsGuest
@DisplayName("a live swap that is cut off by a power cut")
class LiveSwapIT {
  private static final String ID = "nv0";
  private static final int MIB = 16;
  private static final int DISK_MIB = 128;
  private static final int DAX_MIB = 768;
  private static final long SWAP_AT = 40;

  /** Slow enough that the guest works on while it is copied. */
  private static final long BANDWIDTH = 8 << 20;

  // Aligned so that DAX is mapped by 2 MiB: with MAP_SYNC the first store to each page of a new
  // file waits for the journal, and that takes long with pages of 4 KiB under emulation.
  private static final NvdimmOption ON_DISK =
      new NvdimmOption(ID, "/disk/nv.img", MIB, 0, "pmem=off,share=on,align=2M");
  private static final NvdimmOption ON_DAX =
      new NvdimmOption(ID, "/dax/nv.img", MIB, 0, "pmem=on,share=on,align=2M");

  private static final String LOG = "-D" + GuestWriter.SWAP_LOG + "=true ";
  private static final String VERIFY = "-D" + SwapOrder.VERIFY + "=true ";
  private static final String ALL_AT_ONCE = "all is copied while writers pause";

  private static final String MOUNT_DISK =
      "\nmkdir -p /disk && mount -t ext4 -o dax=never,commit=600 /dev/pmem1 /disk";

  private static Nvdimm dax;
  private static Nvdimm disk;
  private static Guest guest;

  /** Whether the guest has a file system mounted, or a machine running. */
  private static boolean inUse;

  /** When the power is cut. */
  enum Moment {
    /** The note beside the new file is written, or that file is being made. */
    PREPARE("phase\tprepare", 0),
    /** While pages are copied and the guest works; without tracking there is no such time. */
    COPY("phase\tcopy", 5),
    /** While pages are compared and the guest works. */
    VERIFY("phase\tverify", 0),
    /** The writer is paused: the last pages are copied, persisted, and the files change places. */
    SWITCH("paused", 0),
    /** The new file stands there, the writer goes on, the old file is let go. */
    RELEASE("resumed", 0),
    /** The writer has been working in the new file for a while. */
    DONE("phase\tdone", 20);

    private final String line;
    private final int recordsLater;

    Moment(String line, int recordsLater) {
      this.line = line;
      this.recordsLater = recordsLater;
    }

    void await(WriterVm machine) throws IOException, InterruptedException {
      machine.awaitLine(line);
      if (recordsLater > 0) {
        machine.awaitRecord(machine.lastSoFar() + recordsLater);
      }
    }
  }

  @BeforeAll
  static void boot() throws IOException, InterruptedException {
    dax = Nvdimm.create("LiveSwapIT-dax", DAX_MIB);
    disk = Nvdimm.create("LiveSwapIT-disk", DISK_MIB);
    guest = Guest.boot(dax, disk);
  }

  @AfterAll
  static void end() throws IOException {
    if (guest != null) {
      guest.close();
      dax.delete();
      disk.delete();
    }
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  @DisplayName("from a disk to DAX: one file is refused, the other has each persisted record")
  void fromDiskToDax(Moment moment) throws IOException, InterruptedException {
    WriterVm machine = start(ON_DISK, ON_DAX, "pmem=on", LOG + verify(moment));

    cut(machine, moment);

    // the kernel from Linux 6.7 on, else the writer
    assertFalse(plan(machine).endsWith(ALL_AT_ONCE), plan(machine));
    check(machine, moment, ON_DISK, ON_DAX);
  }

  @ParameterizedTest
  @EnumSource(
      value = Moment.class,
      names = {"PREPARE", "COPY", "VERIFY", "RELEASE"})
  @DisplayName("from DAX to a disk: the same, by the writer's log")
  void fromDaxToDisk(Moment moment) throws IOException, InterruptedException {
    WriterVm machine = start(ON_DAX, ON_DISK, "pmem=off", LOG + verify(moment));

    cut(machine, moment);

    assertTrue(plan(machine).startsWith("each writer keeps a log of its own"), plan(machine));
    check(machine, moment, ON_DAX, ON_DISK);
  }

  @ParameterizedTest
  @EnumSource(
      value = Moment.class,
      names = {"SWITCH", "DONE"})
  @DisplayName("from DAX to a disk without a log: the same; all is copied in the pause, as planned")
  void fromDaxToDiskAtOnce(Moment moment) throws IOException, InterruptedException {
    WriterVm machine = start(ON_DAX, ON_DISK, "pmem=off", "");

    cut(machine, moment);

    assertTrue(plan(machine).contains("it is on DAX"), plan(machine));
    assertTrue(plan(machine).endsWith(ALL_AT_ONCE), plan(machine));
    assertFalse(
        machine.lines().stream().anyMatch(line -> line.equals(List.of("phase", "copy"))),
        "there was a copy before the pause");
    check(machine, moment, ON_DAX, ON_DISK);
  }

  private static String verify(Moment moment) {
    return moment == Moment.VERIFY ? VERIFY : "";
  }

  private static WriterVm start(NvdimmOption from, NvdimmOption to, String pmem, String more)
      throws IOException, InterruptedException {
    if (inUse) { // by a test that failed
      guest.cutPower();
      guest.close();
      guest = Guest.boot(dax, disk);
    }
    inUse = true;
    guest
        .run(DaxFileSystem.EXT4.make() + "mke2fs -q -F -t ext4 -b 4096 /dev/pmem1" + MOUNT_DISK)
        .lines();
    String properties =
        "-D%s=%d -D%s=mem-path=%s,%s -D%s=%d %s"
            .formatted(
                GuestWriter.SWAP_AT,
                SWAP_AT,
                SwapOrder.CHANGES,
                to.file(),
                pmem,
                SwapOrder.BANDWIDTH,
                BANDWIDTH,
                more);
    return WriterVm.start(guest, 1, "writer.jar", properties, List.of(from));
  }

  /** Cuts the power at that moment, and boots the guest that judges. */
  private static void cut(WriterVm machine, Moment moment)
      throws IOException, InterruptedException {
    moment.await(machine);
    guest.cutPower();
    guest.close();
    guest = Guest.boot(dax, disk);
    guest.run("set -e\n" + DaxFileSystem.EXT4.mount() + MOUNT_DISK).lines();
  }

  private static String plan(WriterVm machine) throws InterruptedException {
    return machine.lines().stream()
        .filter(line -> line.getFirst().equals("plan"))
        .map(line -> line.get(1))
        .findFirst()
        .orElseThrow();
  }

  /** What was told of the swap. */
  private static List<List<String>> seen(WriterVm machine) throws InterruptedException {
    return machine.lines().stream()
        .filter(line -> !line.getFirst().equals("record") && !line.getFirst().equals("region"))
        .toList();
  }

  /** Exactly one of the files can be started from, and what was persisted is in that one. */
  private static void check(WriterVm machine, Moment moment, NvdimmOption from, NvdimmOption to)
      throws IOException, InterruptedException {
    long reported = machine.lastReported();
    boolean made = guest.run("test -e " + to.file()).status() == 0;
    assertTrue(made || moment == Moment.PREPARE, "there is no new file");
    Guest.Running old = Probe.start(guest, "old", from.arguments());
    Optional<String> ofNew =
        made
            ? refusal(Probe.start(guest, "new", to.arguments()))
            : Optional.of("there is no new file");
    Optional<String> ofOld = refusal(old);
    NvdimmOption good = ofNew.isEmpty() ? to : from;
    NvdimmOption other = ofNew.isEmpty() ? from : to;
    String sentence = ofNew.or(() -> ofOld).orElse("neither file is refused");
    String[] records =
        guest
            .run(
                Build.reader()
                    + "%s %s 0 %d -1 %d"
                        .formatted(ID, good.file(), machine.region(ID).visible(), reported))
            .lines()
            .getFirst()
            .split(" ", -1);
    System.out.printf(
        "live swap %s -> %s cut at %s: %s is good, %s of %d reported records; %s; %s%n",
        from.file(), to.file(), moment, good.file(), records[1], reported, sentence, seen(machine));
    assertTrue(ofNew.isPresent() ^ ofOld.isPresent(), () -> ofNew + "; " + ofOld);
    switch (moment) {
      case PREPARE, COPY, VERIFY -> assertEquals(from, good);
      case SWITCH -> {} // the journal alone knows
      case RELEASE, DONE -> assertEquals(to, good);
    }
    if (made) {
      assertTrue(sentence.contains(other.file()) && sentence.contains(good.file()), sentence);
      assertTrue(
          sentence.contains(good.equals(from) ? "it is the unfinished copy of" : "out of date"),
          sentence);
    }
    assertEquals("" + reported, records[1], () -> "the first lost is " + records[2]);
    assertTrue(reported >= SWAP_AT - 1, () -> "only " + reported);
    guest.run(DaxFileSystem.EXT4.check() + "\numount /disk; e2fsck -fn /dev/pmem1").lines();
  }

  /** The sentence with which the product refused to start; empty if it did not. */
  private static Optional<String> refusal(Guest.Running product)
      throws IOException, InterruptedException {
    Guest.Ended ended = product.await();
    if (ended.status() == 0) {
      return Optional.empty();
    }
    assertEquals(1, ended.status(), ended::out);
    assertEquals(1, ended.err().size(), () -> ended.err().toString());
    return Optional.of(ended.err().getFirst());
  }
}
