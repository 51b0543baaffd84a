package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static holdfast.machine.config.options.SampleOptions.device;
import static holdfast.machine.config.options.SampleOptions.object;
import static holdfast.machine.config.options.SampleOptions.objectWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * From the text of {@code -object}, {@code -device}, {@code -m}, {@code -machine} to properties.
 */
class ObjectsAreCheckedTest {

  @Test
  @DisplayName("the command line of QEMU's docs/nvdimm.txt with MAP_SYNC: the last share counts")
  void nvdimmOnDax() throws OptionException {
    ParsedObject backend =
        object(
            "memory-backend-file,id=nv_be4,share,mem-path=/mnt/pmem/f,size=256M,align=128M,pmem=on,"
                + "share=on");
    ParsedObject device = device("nvdimm,id=nv4,memdev=nv_be4,label-size=2M");

    assertEquals("memory-backend-file", backend.typeName());
    assertEquals(Optional.of("nv_be4"), backend.id());
    assertEquals(ByteSize.mib(256), backend.get(SampleOptions.SIZE));
    assertEquals("/mnt/pmem/f", backend.get(SampleOptions.MEM_PATH));
    assertTrue(backend.get(SampleOptions.SHARE));
    assertTrue(backend.get(SampleOptions.PMEM));
    assertEquals(ByteSize.mib(128), backend.get(SampleOptions.ALIGN));
    assertEquals("nv_be4", device.get(SampleOptions.MEMDEV));
    assertEquals(Optional.of(ByteSize.mib(2)), device.find(SampleOptions.LABEL_SIZE));
  }

  @Test
  @DisplayName("defaults are filled in, in canonical form and in the order of the definition")
  void defaults() throws OptionException {
    ParsedObject object =
        object("memory-backend-file,mem-path=/f,size=0x100000,id=m,host-nodes=01");

    assertEquals(
        "{id=m, size=1M, mem-path=/f, share=off, pmem=off, align=0, rom=auto, host-nodes=1,"
            + " policy=default}",
        object.texts().toString());
    assertEquals(SampleOptions.OnOffAuto.AUTO, object.get(SampleOptions.ROM));
    assertEquals(Optional.empty(), object.find(SampleOptions.PREALLOC_THREADS));
    assertThrows(NoSuchElementException.class, () -> object.get(SampleOptions.PREALLOC_THREADS));
    assertEquals(Optional.empty(), device("nvdimm,memdev=m").id());
    assertEquals(-1, device("nvdimm,memdev=m").get(SampleOptions.SLOT));
  }

  @ParameterizedTest(name = "...,{0}")
  @DisplayName("equal to the plain form")
  @CsvSource(
      delimiter = '|',
      value = {
        "share|share=on",
        "share,noshare|share=off",
        "share=off,share|share=on",
        "share=y|share=on",
        "size=12Q,size=2M|size=2M",
        "id=other,id=1|share=off",
        "rom|rom=on",
        "mem-path=/a,,b|mem-path=/a,,b,",
        "host-nodes=0-1,host-nodes=3|host-nodes=3,host-nodes=1,host-nodes=0",
        "qom-type=memory-backend-file|share=off",
        "align=0x1000,|align=4k",
      })
  void accepted(String option, String plain) throws OptionException {
    assertEquals(objectWith(plain), objectWith(option));
  }

  @ParameterizedTest(name = "...,{0}")
  @DisplayName("refused, with the sentence")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "size=12Q|size=12Q is not a size: write bytes as a number, or a number with a suffix k, M,"
            + " G, T, P or E (for example 256M)",
        "size|size=on is not a size: write bytes as a number, or a number with a suffix k, M, G, T,"
            + " P or E (for example 256M)",
        "size=|size='' is not a size: write bytes as a number, or a number with a suffix k, M, G,"
            + " T, P or E (for example 256M)",
        "share=On|share=On is neither on nor off: write on or off",
        "share=on,,|share=on, is neither on nor off: write on or off",
        "policy=foo|policy=foo is not among the choices: write default, preferred, bind,"
            + " interleave",
        "prealloc-threads=0|prealloc-threads=0 is out of range: write a number from 1 to"
            + " 4294967295",
        "prealloc-threads=-1|prealloc-threads=-1 is out of range: write a number from 1 to"
            + " 4294967295",
        "host-nodes|host-nodes=on is neither a number from 0 to 127 nor a range of them: write it"
            + " like 0 or 0-3",
        "shar=on|there is no property shar: did you mean share?",
        "mempath=/f|there is no property mempath: did you mean mem-path?",
        "host-nodes.0=1|there is no property host-nodes.0: did you mean host-nodes?",
        "nopmen|there is no property pmen: did you mean pmem?",
        "frobnicate|there is no property frobnicate: the properties are id, size, mem-path, share,"
            + " pmem, align, rom, prealloc-threads, host-nodes, policy",
        "share,,|there is no property '': the properties are id, size, mem-path, share, pmem,"
            + " align, rom, prealloc-threads, host-nodes, policy",
        "help=on|there is no property help: the properties are id, size, mem-path, share, pmem,"
            + " align, rom, prealloc-threads, host-nodes, policy",
      })
  void refused(String option, String sentence) {
    assertEquals(
        "-object memory-backend-file,id=m: " + sentence, sentenceOf(() -> objectWith(option)));
  }

  @ParameterizedTest(name = "[{0}]")
  @DisplayName("what is missing is named")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory-backend-file,size=1M,mem-path=/f|-object memory-backend-file: id is missing: add"
            + " id=<identifier>",
        "memory-backend-file,id=m,mem-path=/f|-object memory-backend-file,id=m: size is missing: add"
            + " size=<size>",
        "memory-backend-file,id=m,size=1M|-object memory-backend-file,id=m: mem-path is missing: add"
            + " mem-path=<text>",
        "id=m,memory-backend-file|-object: the type is missing: begin with it; the types are"
            + " memory-backend-file",
        "``|-object: the type is missing: begin with it; the types are memory-backend-file",
        ",id=m|-object: '' is not a type: the types are memory-backend-file",
        "memory-backend-fil,id=m|-object: memory-backend-fil is not a type: did you mean"
            + " memory-backend-file?",
        "memory-backend-file,id=!,id=m|-object memory-backend-file: id=! is not an identifier:"
            + " write a letter, then letters, digits, '-', '.' or '_'",
        "memory-backend-file,id=m,size=1M,mem-path=/f,qom-type=foo|-object: foo is not a type: the"
            + " types are memory-backend-file",
      })
  void missing(String option, String sentence) {
    assertEquals(sentence, sentenceOf(() -> object(option)));
  }

  @Test
  @DisplayName("a flag whose first letters were taken for 'no' is explained")
  void flagThatBeginsWithNo() {
    assertEquals(
        "-device nvdimm: there is no property de: did you mean node=VALUE? A word alone that begins"
            + " with no switches off what follows these letters",
        sentenceOf(() -> device("nvdimm,memdev=m,node")));
  }

  @Test
  @DisplayName("-m: mebibytes for size, bytes for maxmem, later ones on top, no id")
  void memory() throws OptionException {
    Options options = QemuOpts.parse("64,slots=1", "size");
    Options all = options.followedBy(QemuOpts.parse("slots=2,maxmem=1073741824", "size"));
    ParsedObject memory = SampleOptions.MEMORY.check("-m", all);

    assertEquals(ByteSize.mib(64), memory.get(SampleOptions.RAM_SIZE));
    assertEquals(ByteSize.gib(1), memory.get(SampleOptions.MAXMEM));
    assertEquals(2, memory.get(SampleOptions.SLOTS));
    assertEquals(
        "-m: there is no property id: the properties are size, maxmem, slots",
        sentenceOf(() -> SampleOptions.MEMORY.check("-m", QemuOpts.parse("64,id=m", "size"))));
  }

  @Test
  @DisplayName("-m: a size that is not in mebibytes keeps its value in canonical form")
  void memoryInBytes() throws OptionException {
    ParsedObject memory =
        SampleOptions.MEMORY.check("-m", QemuOpts.parse("1000B,maxmem=1000", "size"));

    assertEquals("1000B", memory.texts().get("size"));
    assertEquals("1000", memory.texts().get("maxmem"));
    assertEquals(new ByteSize(1000), memory.get(SampleOptions.RAM_SIZE));
  }

  @Test
  @DisplayName("-machine: dotted keys, no flags")
  void machine() throws OptionException {
    ParsedObject machine =
        SampleOptions.MACHINE.check("-machine", Keyval.parse("-machine", "pc,nvdimm=on", "type"));

    assertEquals("pc", machine.get(SampleOptions.TYPE));
    assertTrue(machine.get(SampleOptions.MACHINE_NVDIMM));
    Options nested = Keyval.parse("-machine", "pc,nvdimm.a=on", "type");
    assertEquals(
        "-machine: nvdimm={...} is an object: write true or false",
        sentenceOf(() -> SampleOptions.MACHINE.check("-machine", nested)));
  }

  @Test
  @DisplayName("a list in dotted keys takes numbers, not ranges")
  void dottedList() throws OptionException {
    PropertyDefinition<?> nodes = SampleOptions.HOST_NODES;
    TypeDefinition type = new TypeDefinition("nodes", "nodes", List.of(nodes));

    assertEquals(
        "{host-nodes=1,3}",
        type.check("test", Keyval.parse("test", "host-nodes.0=3,host-nodes.1=1", "x"))
            .texts()
            .toString());
    Options range = Keyval.parse("test", "host-nodes.0=0-3", "x");
    assertTrue(sentenceOf(() -> type.check("test", range)).contains("0-3 is not a whole number"));
  }

  @Test
  @DisplayName("a property of another type is not read by mistake")
  void foreignProperty() throws OptionException {
    ParsedObject object = objectWith("share=on");
    PropertyDefinition<ByteSize> other =
        PropertyDefinition.required("share", PropertyType.size(), "not this one");

    assertThrows(IllegalArgumentException.class, () -> object.find(other));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("help lists the types")
  @CsvSource({"help", "?", "qom-type=help", "qom-type=?", "'help,id=m'", "'id=m,help'"})
  void helpOnTypes(String option) throws OptionException {
    HelpText help = assertInstanceOf(HelpText.class, SampleOptions.OBJECT.parse(option));

    assertEquals(
        """
        The types of -object (-object TYPE,help shows the properties of one):
          memory-backend-file  memory in a file of the host
        """,
        help.text());
  }

  @ParameterizedTest(name = "nvdimm,{0}")
  @DisplayName("help after a type lists its properties, whatever else is said")
  @CsvSource({"help", "?", "'memdev=m,help'", "'help,nonsense=1'", "'label-size=12Q,?'"})
  void helpOnProperties(String option) throws OptionException {
    HelpText help =
        assertInstanceOf(HelpText.class, SampleOptions.DEVICE.parse("nvdimm," + option));

    assertEquals(
        """
        nvdimm: persistent memory
          id=<identifier>    name of the device
          memdev=<text>      backend whose memory it shows (required)
          label-size=<size>  size of the label area at the end
          slot=<number>      slot, -1 for any (default -1)
          node=<number>      NUMA node of the guest (default 0)
        """,
        help.text());
  }

  @Test
  @DisplayName("wide entries don't widen the column of a help text")
  void wideHelp() {
    String text = SampleOptions.MEMORY_BACKEND_FILE.help().text();

    assertTrue(text.contains("\n  share=on|off                    whether"), text);
    assertTrue(text.contains("\n  policy=default|preferred|bind|interleave  NUMA policy"), text);
  }

  @Test
  @DisplayName("help on an unknown type is refused")
  void helpOnUnknownType() {
    assertEquals(
        "-device: nvdim is not a driver: did you mean nvdimm?",
        sentenceOf(() -> SampleOptions.DEVICE.parse("nvdim,help")));
  }
}
