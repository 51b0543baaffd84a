package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import holdfast.machine.nvdimm.FitReader;
import holdfast.machine.nvdimm.NvdimmDsm;
import holdfast.machine.nvdimm.labels.DsmPage;
import holdfast.machine.nvdimm.labels.LabelStorage;
import holdfast.machine.nvdimm.labels.NamespaceLabel;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Linux' drivers and ndctl, in a guest with QEMU's own NVDIMMs, and Holdfast have the same image
 * files one after the other, and read each other's labels.
 */
@NeedsGuest
@DisplayName("labels in an image file")
class LabelsIT {
  private static final int GUEST_MIB = 128;
  private static final int LABEL_MIB = 2;
  private static final int MIB = GUEST_MIB + LABEL_MIB;
  private static final int LABEL = LABEL_MIB << 20;

  /** The serial number that QEMU gives to the NVDIMM in slot 0. */
  private static final int SERIAL = 0x123456;

  private static final LabelStorage STORAGE = new LabelStorage(LABEL);

  /** Who claims a namespace (UEFI 2.9, 13.19.5, and Linux' nd.h). */
  private static final UUID PFN = UUID.fromString("266400ba-fb9f-4677-bcb0-968f11d0d225");

  private static final UUID BTT = UUID.fromString("18633bfc-1735-4217-8ac9-17239282d3f8");

  /** The number of the region on an NVDIMM: Linux finds them in any order. */
  private static final String REGION_OF =
      """
      set -e
      region_of() {
        for region in /sys/bus/nd/devices/region*; do
          case $(cat $region/mapping0) in nmem$1,*) echo ${region##*region} ;; esac
        done
      }
      """;

  /** Something to do with the label area of an image. */
  private interface Use<T> {
    T of(DsmPage page);
  }

  /** Brings up a machine on the image, as a start of the product does. */
  private static <T> T inHoldfast(Nvdimm image, Use<T> use) throws MachineException {
    try (Holdfast machine =
            Holdfast.open(
                "-machine",
                "pc,nvdimm=on",
                "-m",
                "16M,slots=1,maxmem=1G",
                "-object",
                "memory-backend-file,id=m,share=on,size=" + MIB + "M,mem-path=" + image.file(),
                "-device",
                "nvdimm,memdev=m,label-size=" + LABEL_MIB + "M");
        NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
      return use.of(new DsmPage(dsm));
    }
  }

  private static NamespaceLabel write(Nvdimm image, int slot) throws MachineException {
    NamespaceLabel label =
        new NamespaceLabel(
            UUID.randomUUID(),
            "ofHoldfast" + slot,
            NamespaceLabel.cookie(SERIAL + slot),
            0,
            (long) GUEST_MIB << 20,
            0,
            NamespaceLabel.PMEM,
            NamespaceLabel.RAW);
    inHoldfast(
        image,
        page -> {
          page.write(1, 0, STORAGE.image(List.of(label)));
          return true;
        });
    return label;
  }

  /** The one label of an image, as Holdfast answers a guest. */
  private static NamespaceLabel read(Nvdimm image) throws MachineException {
    byte[] area =
        inHoldfast(
            image,
            page -> {
              assertEquals(LABEL, page.labelSize(1));
              return page.read(1, 0, LABEL);
            });
    LabelStorage.Content content = STORAGE.read(area);
    assertEquals(List.of(), content.faults());
    assertEquals(1, content.labels().size(), content::toString);
    return content.labels().getFirst();
  }

  @Test
  @DisplayName(
      "those that ndctl wrote Holdfast reads, and those that Holdfast wrote ndctl takes, checks and"
          + " makes namespaces of, in fsdax and in sector mode")
  void bothWays() throws Exception {
    Nvdimm guests = Nvdimm.create("label0", MIB, LABEL_MIB);
    Nvdimm fsdax = Nvdimm.create("label1", MIB, LABEL_MIB);
    Nvdimm sector = Nvdimm.create("label2", MIB, LABEL_MIB);
    NamespaceLabel first = write(fsdax, 1);
    NamespaceLabel second = write(sector, 2);
    List<String> uuids;
    try (Guest guest = Guest.boot(guests, fsdax, sector)) {
      checkTaken(guest, 1, first);
      checkTaken(guest, 2, second);
      List<String> made =
          guest
              .run(
                  REGION_OF
                      + """
                      a=$(region_of 0) b=$(region_of 1) c=$(region_of 2)
                      ndctl disable-region region$a >&2
                      ndctl init-labels -f -V 1.2 nmem0 >&2
                      ndctl enable-region region$a >&2
                      ndctl create-namespace -r region$a -m fsdax -n ofNdctl >&2
                      ndctl create-namespace -f -e namespace$b.0 -m fsdax >&2
                      ndctl create-namespace -f -e namespace$c.0 -m sector >&2
                      mke2fs -q -F -t ext4 -b 4096 /dev/pmem$b >&2
                      mount -t ext4 -o dax=always /dev/pmem$b /dax
                      echo bytes > /dax/file
                      umount /dax
                      head -c 4096 /dev/zero | tr '\\0' x > /dev/pmem${c}s
                      for n in $a $b $c; do cat /sys/bus/nd/devices/namespace$n.0/uuid; done
                      ndctl disable-region all >&2
                      ndctl check-labels nmem0 nmem1 nmem2 >&2
                      """)
              .lines();
      uuids = made;
      guest.powerOff();
    }
    assertEquals(3, uuids.size(), uuids::toString);
    NamespaceLabel ofNdctl = read(guests);
    assertEquals("ofNdctl", ofNdctl.name());
    check(ofNdctl, uuids.get(0), 0, PFN);
    check(read(fsdax), uuids.get(1), 1, PFN);
    check(read(sector), uuids.get(2), 2, BTT);
    guests.delete();
    fsdax.delete();
    sector.delete();
  }

  /** That the kernel made a namespace of a label of Holdfast's, and ndctl finds no fault in it. */
  private static void checkTaken(Guest guest, int number, NamespaceLabel label)
      throws IOException, InterruptedException {
    List<String> said =
        guest
            .run(
                REGION_OF
                    + """
                    n=%d
                    ndctl check-labels nmem$n >&2
                    ndctl read-labels -j nmem$n | grep -e '"uuid"' -e '"name"' -e '"nslot"' | tr -d ' ,'
                    d=/sys/bus/nd/devices/namespace$(region_of $n).0
                    cat $d/uuid $d/alt_name $d/size
                    """
                        .formatted(number))
            .lines();
    System.out.println("ndctl of a label that Holdfast wrote: " + said);
    assertTrue(said.contains("\"uuid\":\"" + label.uuid() + "\""), said::toString);
    assertTrue(said.contains("\"name\":\"" + label.name() + "\""), said::toString);
    assertTrue(said.contains("\"nslot\":" + STORAGE.slots()), said::toString);
    assertEquals(
        List.of("" + label.uuid(), label.name(), "" + label.size()),
        said.subList(said.size() - 3, said.size()));
  }

  private static void check(NamespaceLabel label, String uuid, int slot, UUID claimedBy) {
    System.out.println("Holdfast of a label that ndctl wrote: " + label);
    assertEquals(uuid, "" + label.uuid());
    assertEquals(NamespaceLabel.cookie(SERIAL + slot), label.cookie());
    assertEquals((long) GUEST_MIB << 20, label.size());
    assertEquals(NamespaceLabel.PMEM, label.type());
    assertEquals(claimedBy, label.abstraction());
  }
}
