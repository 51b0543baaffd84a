package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The block that an {@code -object} asks for. */
class BackendDefinitionsTest {
  private static ParsedObject parse(String text) throws OptionException {
    return assertInstanceOf(ParsedObject.class, BackendDefinitions.OPTION.parse(text));
  }

  private static RamBlockSpec file(String more) throws Exception {
    return spec("memory-backend-file,id=m0,size=1M,mem-path=/d/nv" + more);
  }

  private static RamBlockSpec spec(String text) throws Exception {
    return BackendDefinitions.spec(parse(text), MemoryAdvice.DEFAULT);
  }

  @Test
  @DisplayName("the least that can be said of a file: private, page size, warn")
  void aFileWithNothingButWhatItNeeds() throws Exception {
    assertEquals(
        RamBlockSpec.of(
            new BackendId("m0"), new Backing.File(Path.of("/d/nv")), ByteSize.mib(1), Set.of()),
        file(""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "",
      value = {
        "share=on                 | RAM_SHARED",
        "share                    | RAM_SHARED",
        "share=on,noshare         |",
        "pmem=on                  | RAM_PMEM",
        "share=on,pmem=on         | RAM_SHARED RAM_PMEM",
        "reserve=off              | RAM_NORESERVE",
        "readonly=on              | RAM_READONLY RAM_READONLY_FD",
        "readonly=on,rom=auto     | RAM_READONLY RAM_READONLY_FD",
        "readonly=on,rom=on       | RAM_READONLY RAM_READONLY_FD",
        "readonly=on,rom=off      | RAM_READONLY_FD",
        "rom=off                  |",
        "share=yes,readonly=true  | RAM_SHARED RAM_READONLY RAM_READONLY_FD",
        "share=on,pmem=on,readonly=on | RAM_SHARED RAM_PMEM RAM_READONLY RAM_READONLY_FD",
      })
  void switchesAreFlags(String options, String flags) throws Exception {
    EnumSet<RamFlag> wanted =
        flags == null
            ? EnumSet.noneOf(RamFlag.class)
            : Arrays.stream(flags.split(" "))
                .map(RamFlag::valueOf)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(RamFlag.class)));

    assertEquals(wanted, file("," + options).flags());
  }

  @Test
  void theRestIsTakenOver() throws Exception {
    RamBlockSpec spec =
        file(
            ",align=128M,prealloc=on,prealloc-threads=3,x-durability=require,size=256M,offset=2M,"
                + "x-follow-symlink=on,host-nodes=0-1,host-nodes=4,policy=bind,merge=off,dump=off,"
                + "discard-data=on");

    assertEquals(new Alignment(128L << 20), spec.align());
    assertEquals(new Preallocation(true, OptionalInt.of(3)), spec.prealloc());
    assertEquals(DurabilityPolicy.REQUIRE, spec.policy());
    assertEquals(ByteSize.mib(256), spec.size());
    assertEquals(new Backing.File(Path.of("/d/nv"), ByteSize.mib(2), true), spec.backing());
    assertEquals(new NumaBinding(NumaPolicy.BIND, new TreeSet<>(Set.of(0, 1, 4))), spec.numa());
    assertEquals(new MemoryAdvice(false, false, true), spec.advice());
  }

  @Test
  @DisplayName("merge and dump are the machine's where an object leaves them open")
  void theMachineDecidesWhatIsLeftOpen() throws Exception {
    MemoryAdvice machine = new MemoryAdvice(false, false, false);
    ParsedObject open = parse("memory-backend-ram,id=m0,size=1M");
    ParsedObject own = parse("memory-backend-ram,id=m0,size=1M,merge=on,dump=on");
    assertEquals(machine, BackendDefinitions.spec(open, machine).advice());
    assertEquals(MemoryAdvice.DEFAULT, BackendDefinitions.spec(own, machine).advice());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                            | false | 0  | true  | true",
        "seal=off                      | false | 0  | false | true",
        "hugetlb=on                    | true  | 0  | true  | true",
        "hugetlb=on,hugetlbsize=2M     | true  | 2M | true  | true",
        "share=off                     | false | 0  | true  | false",
      })
  @DisplayName("a memfd is shared and sealed unless it is said otherwise")
  void aMemfd(String options, boolean hugetlb, String size, boolean seal, boolean shared)
      throws Exception {
    RamBlockSpec spec =
        spec("memory-backend-memfd,id=m0,size=4M" + (options.isEmpty() ? "" : "," + options));
    assertEquals(
        new Backing.Memfd(hugetlb, size.equals("0") ? ByteSize.ZERO : ByteSize.mib(2), seal),
        spec.backing());
    assertEquals(shared, spec.has(RamFlag.RAM_SHARED));
  }

  @Test
  @DisplayName("the same object in JSON asks for the same block")
  void jsonAsksForTheSame() throws Exception {
    assertEquals(
        file(",share=on,pmem=on,align=2M"),
        spec(
            "{\"qom-type\":\"memory-backend-file\",\"id\":\"m0\",\"size\":1048576,"
                + "\"mem-path\":\"/d/nv\",\"share\":true,\"pmem\":true,\"align\":2097152}"));
  }

  @Test
  void plainMemoryHasNoFile() throws Exception {
    assertEquals(
        RamBlockSpec.of(
                new BackendId("r0"),
                new Backing.Anonymous(),
                ByteSize.mib(2),
                EnumSet.of(RamFlag.RAM_SHARED))
            .withPrealloc(Preallocation.ALL),
        spec("memory-backend-ram,id=r0,size=2M,share=on,prealloc=on"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "size=0   | memory-backend-file 'm0': size=0: a RAM block has at least one page;"
            + " ask for a size such as 4K or 256M",
        "align=3  | memory-backend-file 'm0': align=3 is not a power of two: write one, such as 2M",
        "align=6M | memory-backend-file 'm0': align=6M is not a power of two: write one, such as 2M",
        "rom=on   | memory-backend-file 'm0': rom=on needs readonly=on: add it, or leave rom=on out",
        "readonly=on,share=on,rom=off | memory-backend-file 'm0': rom=off with readonly=on and"
            + " share=on: stores can't reach a file that is opened for reading only; set share=off,"
            + " and they go to private copies",
        "prealloc=on,reserve=off | memory-backend-file 'm0': prealloc=on and reserve=off contradict"
            + " each other: leave one of them out",
        "host-nodes=0 | memory-backend-file 'm0': host-nodes is set, but policy=default doesn't use"
            + " them: add policy=bind, preferred or interleave, or leave host-nodes out",
        "policy=bind | memory-backend-file 'm0': policy=bind without nodes: add host-nodes=0, for"
            + " example, or leave policy out",
        "offset=9007199254740991K | memory-backend-file 'm0': offset=9007199254740991K and size=1M"
            + " are more than a file can have; ask for less",
      })
  void aContradictionIsOneSentence(String option, String sentence) {
    assertEquals(
        sentence, assertThrows(OptionException.class, () -> file("," + option)).getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "memory-backend-file,id=m0,size=1M | mem-path is missing",
        "memory-backend-file,id=m0,mem-path=/x | size is missing",
        "memory-backend-file,size=1M,mem-path=/x | id is missing",
        "memory-backend-file,id=0,size=1M,mem-path=/x | id=0 is not an identifier",
        "memory-backend-ram,id=m0,size=1M,mem-path=/x | there is no property mem-path",
        "memory-backend-ram,id=m0,size=1M,pmem=on | there is no property pmem",
        "memory-backend-memfd,id=m0,size=1M,mem-path=/x | there is no property mem-path",
        "memory-backend-file,id=m0,size=1M,mem-path=/x,prealloc-threads=0 | prealloc-threads=0 is",
        "memory-backend-file,id=m0,size=1M,mem-path=/x,host-nodes=128 | host-nodes=128 is neither",
        "memory-backend-file,id=m0,size=1M,mem-path=/x,policy=always | policy=always is not among",
        "memory-backend-fil,id=m0 | did you mean memory-backend-file?",
        "id=m0,size=1M | the type is missing",
        "memory-backend-file,id=m0,size=1M,mem-path=/x,x-durability=maybe | x-durability=maybe",
      })
  void aMistakeIsRefused(String text, String part) {
    String sentence = assertThrows(OptionException.class, () -> parse(text)).getMessage();

    assertEquals(true, sentence.startsWith("-object") && sentence.contains(part), sentence);
  }
}
