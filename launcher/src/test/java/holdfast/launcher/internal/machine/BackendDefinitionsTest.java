package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
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
    return BackendDefinitions.spec(
        parse("memory-backend-file,id=m0,size=1M,mem-path=/d/nv" + more));
  }

  @Test
  @DisplayName("the least that can be said of a file: private, page size, warn")
  void aFileWithNothingButWhatItNeeds() throws Exception {
    assertEquals(
        new RamBlockSpec(
            new BackendId("m0"),
            new Backing.File(Path.of("/d/nv")),
            ByteSize.mib(1),
            Alignment.PAGE_SIZE,
            EnumSet.noneOf(RamFlag.class),
            false,
            DurabilityPolicy.WARN),
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
        "readonly=on              | RAM_READONLY",
        "share=yes,readonly=true  | RAM_SHARED RAM_READONLY",
        "share=on,pmem=on,readonly=on | RAM_SHARED RAM_PMEM RAM_READONLY",
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
    RamBlockSpec spec = file(",align=128M,prealloc=on,x-durability=require,size=256M");

    assertEquals(new Alignment(128L << 20), spec.align());
    assertEquals(true, spec.prealloc());
    assertEquals(DurabilityPolicy.REQUIRE, spec.policy());
    assertEquals(ByteSize.mib(256), spec.size());
  }

  @Test
  @DisplayName("the same object in JSON asks for the same block")
  void jsonAsksForTheSame() throws Exception {
    assertEquals(
        file(",share=on,pmem=on,align=2M"),
        BackendDefinitions.spec(
            parse(
                "{\"qom-type\":\"memory-backend-file\",\"id\":\"m0\",\"size\":1048576,"
                    + "\"mem-path\":\"/d/nv\",\"share\":true,\"pmem\":true,\"align\":2097152}")));
  }

  @Test
  void plainMemoryHasNoFile() throws Exception {
    assertEquals(
        new RamBlockSpec(
            new BackendId("r0"),
            new Backing.Anonymous(),
            ByteSize.mib(2),
            Alignment.PAGE_SIZE,
            EnumSet.of(RamFlag.RAM_SHARED),
            true,
            DurabilityPolicy.WARN),
        BackendDefinitions.spec(parse("memory-backend-ram,id=r0,size=2M,share=on,prealloc=on")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "size=0   | memory-backend-file 'm0': size=0: a RAM block has at least one page",
        "align=3  | memory-backend-file 'm0': align=3 is not a power of two: write one, such as 2M",
        "align=6M | memory-backend-file 'm0': align=6M is not a power of two: write one, such as 2M",
      })
  void aContradictionIsOneSentence(String option, String sentence) {
    assertEquals(
        sentence, assertThrows(MachineException.class, () -> file("," + option)).getMessage());
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
        "memory-backend-fil,id=m0 | did you mean memory-backend-file?",
        "id=m0,size=1M | the type is missing",
        "memory-backend-file,id=m0,size=1M,mem-path=/x,x-durability=maybe | x-durability=maybe",
      })
  void aMistakeIsRefused(String text, String part) {
    String sentence = assertThrows(OptionException.class, () -> parse(text)).getMessage();

    assertEquals(true, sentence.startsWith("-object") && sentence.contains(part), sentence);
  }
}
