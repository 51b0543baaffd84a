package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.launcher.internal.guest.DeviceRequest;
import holdfast.launcher.internal.options.OptionException;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDriver;
import holdfast.machine.api.MemoryRegion;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The request that a {@code -device} makes of its machine. */
class DeviceDefinitionsTest {
  private static final MemoryRegion REGION =
      (MemoryRegion)
          Proxy.newProxyInstance(
              MemoryRegion.class.getClassLoader(),
              new Class<?>[] {MemoryRegion.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "equals" -> proxy == arguments[0];
                    case "hashCode" -> 0;
                    default -> "a region";
                  });

  private static ParsedObject parse(String text) throws OptionException {
    return assertInstanceOf(ParsedObject.class, DeviceDefinitions.OPTION.parse(text));
  }

  private static DeviceRequest request(String text) throws OptionException {
    return DeviceDefinitions.request(parse(text), REGION);
  }

  @Test
  void anNvdimmWithNothingButWhatItNeeds() throws Exception {
    assertEquals(DeviceRequest.of(MemoryDriver.NVDIMM, null, REGION), request("nvdimm,memdev=m0"));
    assertEquals("m0", DeviceDefinitions.memdev(parse("nvdimm,memdev=m0")));
  }

  @Test
  void anNvdimmWithAll() throws Exception {
    assertEquals(
        DeviceRequest.of(MemoryDriver.NVDIMM, "nv0", REGION)
            .withAddr(new GuestAddress(0x1_4000_0000L))
            .withSlot(2)
            .withNode(1)
            .withLabelSize(ByteSize.mib(2))
            .withUnarmed(true)
            .withUuid("not looked at here"),
        request(
            "nvdimm,id=nv0,memdev=m0,addr=0x140000000,slot=2,node=1,label-size=2M,unarmed=on,"
                + "uuid=not looked at here"));
  }

  @Test
  void aPcDimmWithAll() throws Exception {
    assertEquals(
        DeviceRequest.of(MemoryDriver.PC_DIMM, "d0", REGION)
            .withAddr(new GuestAddress(4L << 30))
            .withSlot(0)
            .withNode(0),
        request("pc-dimm,id=d0,memdev=m0,addr=4G,slot=0,node=0"));
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
        "nvdim,memdev=m0 | nvdim is not a type: did you mean nvdimm?",
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
