package holdfast.launcher.internal.libvirt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.HoldfastException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A domain of libvirt becomes options with the same meaning, or a sentence. */
@Timeout(120)
class LibvirtImportTest {
  @TempDir Path folder;

  private static final String NVDIMM =
      """
      <domain type='kvm'>
        <name>vm1</name>
        <maxMemory slots='4' unit='GiB'>8</maxMemory>
        <memory unit='KiB'>1310720</memory>
        <currentMemory unit='KiB'>1048576</currentMemory>
        <vcpu>2</vcpu>
        <os><type arch='x86_64' machine='pc-q35-8.2'>hvm</type></os>
        <devices>
          <disk type='file'><source file='/a.qcow2'/></disk>
          <memory model='nvdimm' access='shared'>
            <uuid>9066901e-c90a-46ad-8b55-c18868cf92ae</uuid>
            <source>
              <path>/pmem/a,b.img</path>
              <alignsize unit='KiB'>2048</alignsize>
              <pmem/>
            </source>
            <target>
              <size unit='MiB'>256</size>
              <node>0</node>
              <label><size unit='KiB'>2048</size></label>
            </target>
            <alias name='nvdimm0'/>
            <address type='dimm' slot='1' base='0x100000000'/>
          </memory>
        </devices>
      </domain>
      """;

  private List<String> options(String xml) throws IOException, HoldfastException {
    return LibvirtImport.options(Files.writeString(folder.resolve("d.xml"), xml).toString());
  }

  private String refusal(String xml) {
    HoldfastException refusal = assertThrows(HoldfastException.class, () -> options(xml));
    return refusal.getMessage().replace(folder.toString(), "/f");
  }

  @Test
  @DisplayName("an nvdimm with all it can have; the base RAM is what the devices leave of <memory>")
  void nvdimm() throws Exception {
    assertEquals(
        List.of(
            "-machine",
            "type=q35,nvdimm=on",
            "-m",
            "size=1G,slots=4,maxmem=8G",
            "-object",
            "memory-backend-file,id=memnvdimm0,size=256M,mem-path=/pmem/a,,b.img,share=on,align=2M,"
                + "pmem=on",
            "-device",
            "nvdimm,id=nvdimm0,memdev=memnvdimm0,slot=1,addr=0x100000000,label-size=2M,"
                + "uuid=9066901e-c90a-46ad-8b55-c18868cf92ae"),
        options(NVDIMM));
  }

  @Test
  @DisplayName("a read-only one is unarmed; private is libvirt's default")
  void readOnly() throws Exception {
    List<String> options =
        options(NVDIMM.replace("<node>0</node>", "<readonly/>").replace(" access='shared'", ""));
    assertTrue(options.get(5).contains(",share=off,"), options::toString);
    assertTrue(options.get(7).endsWith(",unarmed=on"), options::toString);
  }

  @Test
  @DisplayName("a domain without memory devices, in each unit that libvirt knows")
  void plain() throws Exception {
    for (String memory :
        List.of(
            "<memory>524288</memory>",
            "<memory unit='M'>512</memory>",
            "<memory unit='bytes'>536870912</memory>")) {
      assertEquals(
          List.of("-machine", "type=pc", "-m", "size=512M"),
          options("<domain>" + memory + "</domain>"));
    }
  }

  @Test
  @DisplayName("<memoryBacking> and a NUMA cell say what the base RAM and the DIMMs are made of")
  void backing() throws Exception {
    assertEquals(
        List.of(
            "-machine",
            "type=pc,memory-backend=pc.ram",
            "-m",
            "size=1G,slots=2,maxmem=4G",
            "-object",
            "memory-backend-memfd,id=pc.ram,size=1G,share=on,prealloc=on,prealloc-threads=4,"
                + "merge=off",
            "-object",
            "memory-backend-memfd,id=memdimm0,size=512M,share=off,prealloc=on,prealloc-threads=4,"
                + "merge=off",
            "-device",
            "pc-dimm,id=dimm0,memdev=memdimm0"),
        options(
            """
            <domain>
              <maxMemory slots='2' unit='GiB'>4</maxMemory>
              <memory unit='MiB'>1536</memory>
              <memoryBacking>
                <source type='memfd'/>
                <access mode='private'/>
                <allocation mode='immediate' threads='4'/>
                <nosharepages/>
              </memoryBacking>
              <cpu><numa><cell id='0' cpus='0' memory='1' unit='GiB' memAccess='shared'/></numa></cpu>
              <devices>
                <memory model='dimm' access='private'>
                  <target><size unit='MiB'>512</size><node>0</node></target>
                </memory>
              </devices>
            </domain>
            """));
  }

  private static final String DIMM =
      """
      <domain>
        <maxMemory slots='2' unit='GiB'>4</maxMemory>
        <memory unit='MiB'>1536</memory>
        BACKING
        <devices>
          <memory model='dimm'>
            <source><pagesize unit='KiB'>2048</pagesize></source>
            <target><size unit='MiB'>512</size></target>
          </memory>
        </devices>
      </domain>
      """;

  @Test
  @DisplayName("a DIMM of huge pages is private unless the domain says shared, or has a memfd")
  void pagesOfADimm() throws Exception {
    String huge = "memory-backend-memfd,id=memdimm0,size=512M,";
    assertEquals(
        huge + "share=off,hugetlb=on,hugetlbsize=2M", options(DIMM.replace("BACKING", "")).get(5));
    assertEquals(
        huge + "share=on,hugetlb=on,hugetlbsize=2M",
        options(DIMM.replace("BACKING", "<memoryBacking><access mode='shared'/></memoryBacking>"))
            .get(7));
    List<String> memfd =
        options(DIMM.replace("BACKING", "<memoryBacking><source type='memfd'/></memoryBacking>"));
    assertEquals("memory-backend-memfd,id=pc.ram,size=1G", memfd.get(5));
    assertEquals(huge + "hugetlb=on,hugetlbsize=2M", memfd.get(7));
  }

  @Test
  @DisplayName("a DIMM can have other pages than the domain; those of ordinary size are ordinary")
  void ordinaryPages() throws Exception {
    String huge =
        DIMM.replace(
            "BACKING",
            "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>");
    List<String> options = options(huge.replace("2048<", "4<"));
    assertEquals(
        "memory-backend-memfd,id=pc.ram,size=1G,share=off,hugetlb=on,hugetlbsize=1G",
        options.get(5));
    assertEquals("memory-backend-ram,id=memdimm0,size=512M,share=off", options.get(7));
    assertTrue(options(huge.replace("2048<", "0<")).get(7).endsWith("hugetlbsize=1G"));
    assertEquals(
        List.of("-machine", "type=pc", "-m", "size=512M"),
        options(
            "<domain><memory unit='M'>512</memory><memoryBacking><hugepages><page size='4'/>"
                + "</hugepages></memoryBacking></domain>"));
  }

  @Test
  @DisplayName("<discard/> leaves an nvdimm's file as it is, as in libvirt, and RAM is gone anyway")
  void discard() throws Exception {
    assertEquals(
        options(NVDIMM),
        options(NVDIMM.replace("<vcpu>2</vcpu>", "<memoryBacking><discard/></memoryBacking>")));
    assertEquals(
        options(DIMM.replace("BACKING", "")),
        options(
            DIMM.replace("BACKING", "<memoryBacking><discard/></memoryBacking>")
                .replace("'dimm'>", "'dimm' discard='yes'>")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<memory nodeset='0'/> | host-nodes=0,policy=bind",
        "<memory mode='strict' nodeset='0-3'/> | host-nodes=0-3,policy=bind",
        "<memory mode='preferred' nodeset='1'/> | host-nodes=1,policy=preferred",
        "<memory mode='interleave' nodeset='0-1'/> | host-nodes=0-1,policy=interleave",
        "<memory nodeset='0'/><memnode cellid='0' mode='interleave' nodeset='1-2'/> |"
            + " host-nodes=1-2,policy=interleave",
      })
  @DisplayName("<numatune> says from which nodes the base RAM and the devices come")
  void numaTune(String tune, String properties) throws Exception {
    String cell = "<cpu><numa><cell memory='1' unit='GiB'/></numa></cpu>";
    String tuned = cell + "<numatune>" + tune + "</numatune>";
    List<String> file = options(NVDIMM.replace("<vcpu>2</vcpu>", tuned));
    assertEquals("type=q35,nvdimm=on,memory-backend=pc.ram", file.get(1));
    assertEquals("memory-backend-ram,id=pc.ram,size=1G," + properties, file.get(5));
    assertTrue(file.get(7).contains(",share=on," + properties + ","), file::toString);
    String dimm = DIMM.replace("BACKING", tuned);
    assertTrue(options(dimm).get(7).contains("," + properties + ","));
    String policy = properties.substring(properties.indexOf(",policy"));
    assertTrue(
        options(dimm.replace("</pagesize>", "</pagesize><nodemask>5</nodemask>"))
            .get(7)
            .contains(",host-nodes=5" + policy));
  }

  @Test
  @DisplayName("what holds for the whole domain holds for an nvdimm too")
  void wholeDomain() throws Exception {
    List<String> options =
        options(
            NVDIMM
                .replace(
                    "<vcpu>2</vcpu>",
                    "<memoryBacking><nosharepages/><allocation mode='immediate' threads='3'/>"
                        + "</memoryBacking>")
                .replace("<memory unit='KiB'>", "<memory unit='KiB' dumpCore='off'>"));
    assertEquals("type=q35,nvdimm=on,dump-guest-core=off,memory-backend=pc.ram", options.get(1));
    assertTrue(
        options.get(7).contains(",share=on,prealloc=on,prealloc-threads=3,merge=off,"),
        options::toString);
  }

  @Test
  @DisplayName("a domain can come through a pipe")
  void pipe() throws Exception {
    List<String> options = throughAPipe(NVDIMM.length(), NVDIMM);
    assertEquals(options(NVDIMM), options);
  }

  @Test
  @DisplayName("of what never ends no more than 16M is read, of a pipe as of a device")
  void endless() throws Exception {
    assertEquals(
        "/dev/zero has more than 16M bytes, and is no domain of libvirt",
        assertThrows(HoldfastException.class, () -> LibvirtImport.options("/dev/zero"))
            .getMessage());
    HoldfastException refusal =
        assertThrows(HoldfastException.class, () -> throughAPipe(17 << 20, NVDIMM));
    assertTrue(refusal.getMessage().contains(" has more than 16M bytes"), refusal.getMessage());
  }

  /** Returns the options of what is written into a FIFO: a text, and blanks up to a size. */
  private List<String> throughAPipe(int size, String text) throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (OutputStream out = Files.newOutputStream(pipe)) {
                    out.write(text.getBytes(UTF_8));
                    out.write(" ".repeat(size - text.length()).getBytes(UTF_8));
                  } catch (IOException e) {
                    // the reader has gone, as it does when there is too much
                  }
                });
    try {
      return LibvirtImport.options(pipe.toString());
    } finally {
      writer.join();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "<pmem/> | <pmem/><what/> | F, domain/devices/memory/source/what: this element has no"
            + " counterpart here: take it out, or do without it",
        "model='nvdimm' | model='virtio-mem' | F, domain/devices/memory: a memory device of model"
            + " 'virtio-mem' is not there here: there are dimm and nvdimm",
        "<path>/pmem/a,b.img</path> | <!-- --> | F, domain/devices/memory/source: <path> is missing",
        "unit='MiB'>256 | unit='Mib'>256 | F, domain/devices/memory/target/size: the unit Mib is"
            + " none of libvirt's: write KiB, MiB, GiB",
        "unit='MiB'>256 | unit='MiB'>-1 | F, domain/devices/memory/target/size: -1 is not a number"
            + " of MiB",
        "unit='MiB'>256 | unit='TiB'>9999999 | F, domain/devices/memory/target/size: 9999999 TiB are"
            + " more than 63 bits can say",
        "pc-q35-8.2 | s390-ccw | F, domain/os/type: there is no machine s390-ccw here, but pc, q35"
            + " and virt",
        "<memory unit='KiB'>1310720 | <memory unit='KiB'>262144 | F, domain/memory: its 256M are no"
            + " more than the memory devices have, which are part of it: nothing is left for the"
            + " base RAM",
        "<maxMemory slots='4' unit='GiB'>8</maxMemory> | <!-- --> | F, domain: there are memory"
            + " devices, but no <maxMemory slots='N'> that has room for them",
        "<vcpu>2</vcpu> | <memoryBacking><locked/></memoryBacking> | F, domain/memoryBacking/locked:"
            + " this element has no counterpart here: take it out, or do without it",
        "<vcpu>2</vcpu> | <memoryBacking><hugepages><page size='2' unit='M'/><page size='1' unit='G'/>"
            + "</hugepages></memoryBacking> | F, domain/memoryBacking/hugepages: there are 2 <page>,"
            + " but the base RAM has one size of pages here: leave one of them",
        "<vcpu>2</vcpu> | <memoryBacking><hugepages><page size='2' unit='M' nodeset='0'/>"
            + "</hugepages></memoryBacking> | F, domain/memoryBacking/hugepages/page: nodeset=0 ties"
            + " the pages to nodes of the guest, which has no counterpart here: take it out to have"
            + " them everywhere",
        "access='shared' | access='shared' discard='yes' | F, domain/devices/memory: libvirt takes"
            + " discard='yes' for a dimm alone; to empty the file at the end, take it out and write"
            + " discard-data=on yourself",
        "<vcpu>2</vcpu> | <numatune><memory mode='restrictive' nodeset='0'/></numatune> | F,"
            + " domain/numatune/memory: mode=restrictive is done by a control group, which is not"
            + " made here: take it out, and start the machine in one",
        "<vcpu>2</vcpu> | <numatune><memory mode='what' nodeset='0'/></numatune> | F,"
            + " domain/numatune/memory: the mode what has no counterpart here: there are strict,"
            + " preferred and interleave",
        "<vcpu>2</vcpu> | <numatune><memory placement='auto' nodeset='0'/></numatune> | F,"
            + " domain/numatune/memory: the nodes are those that numad advises, which is not asked"
            + " here: write placement='static' and a nodeset",
        "<vcpu>2</vcpu> | <numatune><memory nodeset='0,2'/></numatune> | F, domain/numatune/memory:"
            + " 0,2 is not one number or one range: write host-nodes yourself, once for each",
        "<vcpu>2</vcpu> | <numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune> | F,"
            + " domain/numatune/memnode: there is no <cell> with the id 0",
        "<vcpu>2</vcpu> | <numatune><memnode cellid='0' nodeset='0'/><memnode cellid='1'"
            + " nodeset='1'/></numatune> | F, domain/numatune: there is more than one <memory> or"
            + " <memnode>, but one NUMA node here",
        "</domain> | <oops> | F, line 27: XML document structures must start and end within the same"
            + " entity.",
      })
  @DisplayName("what has no counterpart is named with its place")
  void refusals(String part, String instead, String sentence) {
    assertTrue(NVDIMM.contains(part), part);
    assertEquals(sentence.replace("F,", "/f/d.xml,"), refusal(NVDIMM.replace(part, instead)));
  }

  @Test
  @DisplayName("no entity is expanded and no other file is read: a DTD is refused")
  void entities() throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "SECRET");
    String refused =
        refusal(
            "<!DOCTYPE d [<!ENTITY x SYSTEM 'file://"
                + secret
                + "'>]><domain><memory>&x;</memory></domain>");
    assertEquals(
        "/f/d.xml, line 1: a DOCTYPE is not read, since its entities can bring in other files, and"
            + " more text than there is memory for: take it out, and write what its entities stand"
            + " for in their places; virsh dumpxml DOMAIN writes none",
        refused);
    StringBuilder bomb = new StringBuilder("<!DOCTYPE d [<!ENTITY a0 'ha'>");
    for (int at = 1; at < 40; at++) {
      bomb.append("<!ENTITY a%d '&a%d;&a%d;'>".formatted(at, at - 1, at - 1));
    }
    assertEquals(refused, refusal(bomb + "]><domain>&a39;</domain>"));
    assertEquals(refused, refusal("<!DOCTYPE domain><domain/>"));
  }

  @Test
  @DisplayName("what is no domain, or no file, is said so")
  void noDomain() {
    assertEquals(
        "/f/d.xml holds a <network>, and not a <domain>: write it with virsh dumpxml DOMAIN",
        refusal("<network/>"));
    assertEquals(
        "/nothing/here does not exist: write it with virsh dumpxml DOMAIN",
        assertThrows(HoldfastException.class, () -> LibvirtImport.options("/nothing/here"))
            .getMessage());
    assertEquals(
        "- does not exist: write it with virsh dumpxml DOMAIN; standard input is /dev/stdin",
        assertThrows(HoldfastException.class, () -> LibvirtImport.options("-")).getMessage());
    assertEquals(
        "-import-libvirt has an empty name: name a file that virsh dumpxml DOMAIN wrote",
        assertThrows(HoldfastException.class, () -> LibvirtImport.options("")).getMessage());
    assertEquals(
        "/f/d.xml is said to be written in x-what, an encoding that is not known here: write it in"
            + " UTF-8",
        refusal("<?xml version='1.0' encoding='x-what'?><domain/>"));
    assertTrue(
        assertThrows(HoldfastException.class, () -> LibvirtImport.options(folder.toString()))
            .getMessage()
            .contains("can't be read"));
  }

  @Test
  @DisplayName("any damage of the file ends in options or in one sentence")
  void fuzzed() throws Exception {
    Random random = new Random(15);
    for (int time = 0; time < 3_000; time++) {
      StringBuilder xml = new StringBuilder(NVDIMM);
      for (int damage = random.nextInt(1, 4); damage > 0; damage--) {
        int at = random.nextInt(xml.length());
        switch (random.nextInt(3)) {
          case 0 -> xml.deleteCharAt(at);
          case 1 -> xml.setCharAt(at, (char) random.nextInt(32, 127));
          default -> xml.insert(at, xml.substring(at, Math.min(xml.length(), at + 20)));
        }
      }
      try {
        options(xml.toString());
      } catch (HoldfastException e) {
        assertTrue(e.getMessage().indexOf('\n') < 0, e.getMessage());
      }
    }
  }
}
