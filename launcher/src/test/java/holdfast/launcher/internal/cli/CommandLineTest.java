package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.launcher.internal.cli.CommandLine.After;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the arguments ask for. In the tables, arguments are separated by blanks.
 *
 * <p>What {@code -version} prints is tested with the product as a process.
 */
class CommandLineTest {
  private static final String M0 = "-object memory-backend-file,id=m0,size=1M,mem-path=/m0";
  private static final String M1 = "-object memory-backend-ram,id=m1,size=2M";

  private static List<String> split(String arguments) {
    return arguments.isEmpty() ? List.of() : List.of(arguments.split(" "));
  }

  private static CommandLine parse(String arguments) throws Exception {
    return CommandLine.parse(split(arguments));
  }

  private static MachineRequest request(String arguments) throws Exception {
    return assertInstanceOf(CommandLine.Start.class, parse(arguments)).machine();
  }

  private static void assertPrints(String text, String arguments) throws Exception {
    assertEquals(new CommandLine.Print(text), parse(arguments));
  }

  private static void assertRefused(String sentence, String arguments) {
    Exception refusal = assertThrows(Exception.class, () -> parse(arguments));
    assertTrue(
        refusal instanceof OptionException || refusal instanceof CommandException,
        refusal.toString());
    assertEquals(sentence, refusal.getMessage());
  }

  private static void assertMachine(String type, String nvdimm, MachineRequest request) {
    assertEquals(
        Map.of("type", type, "nvdimm", nvdimm, "mem-merge", "on", "dump-guest-core", "on"),
        request.machine().texts());
  }

  @Test
  @DisplayName("every option of the series' start, in one command line")
  void readsAWholeCommandLine() throws Exception {
    MachineRequest request =
        request(
            "-machine pc,nvdimm=on -m 128M,slots=2,maxmem=4G"
                + " -object memory-backend-file,id=nv_be4,share,mem-path=/d/nv,size=256M,"
                + "align=128M,pmem=on,share=on"
                + " -device nvdimm,id=nv4,memdev=nv_be4,label-size=2M");

    assertMachine("pc", "on", request);
    assertEquals(Map.of("size", "128M", "slots", "2", "maxmem", "4G"), request.memory().texts());
    ParsedObject object = request.objects().getFirst();
    assertEquals("memory-backend-file", object.typeName());
    assertEquals("on", object.texts().get("share"));
    assertEquals("128M", object.texts().get("align"));
    ParsedObject device = request.devices().getFirst();
    assertEquals("nvdimm", device.typeName());
    assertEquals("2M", device.texts().get("label-size"));
  }

  @Test
  @DisplayName("no option has to be there: the defaults of machine and memory")
  void anyOptionCanBeLeftOut() throws Exception {
    MachineRequest request = request("-probe");

    assertMachine("pc", "off", request);
    assertEquals(Map.of(), request.memory().texts());
    assertEquals(List.of(), request.objects());
    assertEquals(List.of(), request.devices());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-machine q35               | q35 | off",
        "-M q35                     | q35 | off",
        "--machine q35              | q35 | off",
        "--M type=q35               | q35 | off",
        "-M q35,nvdimm=on           | q35 | on",
        "-M q35 -machine nvdimm=on  | q35 | on",
        "-M nvdimm=on -M q35        | q35 | on",
        "-M pc -M q35               | q35 | off",
        "-M nvdimm=on -M nvdimm=off | pc  | off",
      })
  @DisplayName(
      "-machine and -M are one option; repeated, they are merged and the last value counts")
  void machineIsMerged(String arguments, String type, String nvdimm) throws Exception {
    assertMachine(type, nvdimm, request(arguments));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-m 512                            | {size=512M}",
        "-m 1G                             | {size=1G}",
        "-m size=1G                        | {size=1G}",
        "--m 1G,maxmem=4G,slots=2          | {size=1G, slots=2, maxmem=4G}",
        "-m 1G -m maxmem=4G,slots=2        | {size=1G, slots=2, maxmem=4G}",
        "-m 1G -m 2G                       | {size=2G}",
        "-m slots=2,maxmem=4G -m 1G        | {size=1G, slots=2, maxmem=4G}",
      })
  @DisplayName("repeated -m add up, and the last value counts")
  void memoryIsMerged(String arguments, String properties) throws Exception {
    assertEquals(properties, request(arguments).memory().texts().toString());
  }

  @Test
  @DisplayName("-object and -device keep their order, and take JSON as well")
  void objectsAndDevicesKeepTheirOrder() throws Exception {
    MachineRequest request =
        request(
            "-device nvdimm,memdev=m0 "
                + M1
                + " --device {\"driver\":\"pc-dimm\",\"memdev\":\"m1\",\"id\":\"d1\"} "
                + M0);

    assertEquals(
        List.of("m1", "m0"), request.objects().stream().map(o -> o.id().orElseThrow()).toList());
    assertEquals(
        List.of("nvdimm", "pc-dimm"),
        request.devices().stream().map(ParsedObject::typeName).toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-m 1G                 | SERVE",
        "-probe                | PROBE_TEXT",
        "--probe               | PROBE_TEXT",
        "-probe text           | PROBE_TEXT",
        "-probe json           | PROBE_JSON",
        "-probe -m 1G          | PROBE_TEXT",
        "-probe json -m 1G     | PROBE_JSON",
        "-m 1G -probe          | PROBE_TEXT",
        "-probe -probe json    | PROBE_JSON",
        "-probe json -probe    | PROBE_TEXT",
      })
  void probeSaysWhatComesAfter(String arguments, After after) throws Exception {
    assertEquals(after, assertInstanceOf(CommandLine.Start.class, parse(arguments)).after());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-h", "-help", "--help", "--h", "-m 1G -help", "-help -nonsense"})
  void helpIsTheUsage(String arguments) throws Exception {
    assertPrints(Usage.text(), arguments);
  }

  @Test
  @DisplayName("help of an option lists what it takes; nothing else is looked at")
  void anOptionsHelpListsItsProperties() throws Exception {
    for (String help : List.of("help", "?")) {
      assertPrints(MachineDefinition.MACHINE.help().text(), "-machine " + help);
      assertPrints(MachineDefinition.MACHINE.help().text(), "-M q35," + help);
      assertPrints(MachineDefinition.MEMORY.help().text(), "-m " + help);
      assertPrints(BackendDefinitions.OPTION.help().text(), "-object " + help);
      assertPrints(BackendDefinitions.FILE.help().text(), "-object memory-backend-file," + help);
      assertPrints(BackendDefinitions.RAM.help().text(), "-object memory-backend-ram,id=x," + help);
      assertPrints(DeviceDefinitions.OPTION.help().text(), "-device " + help);
      assertPrints(
          DeviceDefinitions.NVDIMM.help().text(), M0 + " -device nvdimm," + help + " -nonsense");
      assertPrints(DeviceDefinitions.PC_DIMM.help().text(), "-device pc-dimm," + help);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"-nonsense", "--nonsense", "nonsense", "-", "--", "---m", "-Machine", "-demo", ""})
  @DisplayName("an option that there isn't is named, with those that there are")
  void anUnknownOptionIsRefused(String option) {
    String named = option.isEmpty() ? "''" : option;
    CommandException refusal =
        assertThrows(CommandException.class, () -> CommandLine.parse(List.of("-m", "1G", option)));

    assertEquals(
        "there is no option "
            + named
            + ": the options are -machine, -m, -numa, -object, -device, -incoming, -qmp, -chardev, -mon,"
            + " -metrics, -pidfile, -daemonize, -probe, -import-libvirt, -bundles,"
            + " -help and"
            + " -version",
        refusal.getMessage());
  }

  @Test
  @DisplayName("what can't be printed stands as escapes in a sentence, and what is long is cut")
  void anArgumentNeverBreaksItsSentence() {
    assertEquals(
        "there is no option '-a\\u000ab\\u001b[31m': the options are -machine, -m, -numa, -object, -device,"
            + " -incoming, -qmp, -chardev, -mon, -metrics, -pidfile, -daemonize, -probe, -import-libvirt, -bundles,"
            + " -help and"
            + " -version",
        assertThrows(
                CommandException.class, () -> CommandLine.parse(List.of("-a\nb\u001b[31m", "-m")))
            .getMessage());
    assertEquals(
        "there is no option "
            + "-".repeat(80)
            + "... (5000 characters): the options are -machine, -m, -numa, -object, -device,"
            + " -incoming, -qmp,"
            + " -chardev, -mon, -metrics, -pidfile, -daemonize, -probe, -import-libvirt, -bundles,"
            + " -help and"
            + " -version",
        assertThrows(CommandException.class, () -> CommandLine.parse(List.of("-".repeat(5000))))
            .getMessage());
    assertEquals(
        "-probe: 'x\\u000ay' is not a format: write text or json, or nothing for text",
        assertThrows(CommandException.class, () -> CommandLine.parse(List.of("-probe", "x\ny")))
            .getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-machine", "-M", "-m", "-object", "-device"})
  void aMissingValueIsTold(String option) {
    assertRefused(
        option + " needs a value: write it behind the option, or see " + option + " help",
        "-probe " + option);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-probe xml | -probe: xml is not a format: write text or json, or nothing for text",
        "-probe JSON | -probe: JSON is not a format: write text or json, or nothing for text",
        "-machine vax | -machine: type=vax is not among the choices: write pc, q35, virt",
        "-machine pc,nvdimm | -machine: nvdimm has no value: write nvdimm=VALUE",
        "-m lots | -m: size=lots is not a size: write MiB as a number, or a number with a suffix"
            + " k, M, G, T, P or E (for example 256M)",
        "-m 1G,slot=2 | -m: there is no property slot: did you mean slots?",
        "-device nvdimm | -device nvdimm: memdev is missing: add memdev=<identifier>",
        "-object floppy | -object: floppy is not a type: the types are memory-backend-file,"
            + " memory-backend-memfd, memory-backend-ram",
      })
  void aMistakeIsOneSentenceAboutItsOption(String arguments, String sentence) {
    assertRefused(sentence, arguments);
  }

  @Test
  void anIdCanBeTakenOnce() {
    assertRefused(
        "-object memory-backend-ram: the id m0 is taken: give each an id of its own",
        M0 + " " + M1.replace("m1", "m0"));
    assertRefused(
        "-device pc-dimm: the id d is taken: give each an id of its own",
        "-device nvdimm,id=d,memdev=m0 -device pc-dimm,id=d,memdev=m1");
  }

  @Test
  @DisplayName("a backend and a device may have the same id; several devices may have none")
  void idsOfBackendsAndDevicesAreTheirOwn() throws Exception {
    MachineRequest request =
        request(
            M0
                + " -device nvdimm,id=m0,memdev=m0 -device nvdimm,memdev=m1"
                + " -device nvdimm,memdev=m2");

    assertEquals(3, request.devices().size());
  }
}
