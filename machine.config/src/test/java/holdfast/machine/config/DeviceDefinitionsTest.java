package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.config.options.OnOffAuto;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a {@code -device} asks for. */
class DeviceDefinitionsTest {
  private static ParsedObject parse(String text) throws OptionException {
    return assertInstanceOf(ParsedObject.class, DeviceDefinitions.OPTION.parse(text));
  }

  private static DeviceSpec spec(String text) throws OptionException {
    return DeviceDefinitions.spec(parse(text), "the first");
  }

  @Test
  void anNvdimmWithNothingButWhatItNeeds() throws Exception {
    assertEquals(
        new DeviceSpec(
            DeviceKind.NVDIMM,
            Optional.empty(),
            "the first",
            "m0",
            GuestAddress.ZERO,
            -1,
            0,
            Optional.empty(),
            OnOffAuto.OFF,
            Optional.empty()),
        spec("nvdimm,memdev=m0"));
  }

  @Test
  void anNvdimmWithAll() throws Exception {
    assertEquals(
        new DeviceSpec(
            DeviceKind.NVDIMM,
            Optional.of("nv0"),
            "nv0",
            "m0",
            new GuestAddress(0x1_4000_0000L),
            2,
            1,
            Optional.of(ByteSize.mib(2)),
            OnOffAuto.ON,
            Optional.of("not looked at here")),
        spec(
            "nvdimm,id=nv0,memdev=m0,addr=0x140000000,slot=2,node=1,label-size=2M,unarmed=on,"
                + "uuid=not looked at here"));
  }

  @Test
  void aPcDimmWithAll() throws Exception {
    assertEquals(
        new DeviceSpec(
            DeviceKind.PC_DIMM,
            Optional.of("d0"),
            "d0",
            "m0",
            new GuestAddress(4L << 30),
            0,
            0,
            Optional.empty(),
            OnOffAuto.OFF,
            Optional.empty()),
        spec("pc-dimm,id=d0,memdev=m0,addr=4G,slot=0,node=0"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nvdimm,id=nv0 | -device nvdimm,id=nv0: memdev is missing",
        "pc-dimm,memdev=m0,label-size=2M | -device pc-dimm: there is no property label-size",
        "pc-dimm,memdev=m0,unarmed=on | -device pc-dimm: there is no property unarmed",
        "nvdimm,memdev=m0,slot=2147483648 | slot=2147483648 is out of range",
        "nvdimm,memdev=m0,node=-1 | node=-1 is out of range",
        "nvdim,memdev=m0 | nvdim is not a driver: did you mean nvdimm?",
      })
  void aMistakeIsRefused(String text, String part) {
    String sentence = assertThrows(OptionException.class, () -> parse(text)).getMessage();

    assertTrue(sentence.startsWith("-device") && sentence.contains(part), sentence);
  }

  @Test
  @DisplayName("every device has the id, memdev, addr, slot and node of a DIMM")
  void theTypesShareTheirCommonProperties() {
    assertTrue(
        DeviceDefinitions.NVDIMM.properties().containsAll(DeviceDefinitions.PC_DIMM.properties()));
  }
}
