package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.core.OpenMachine;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What {@code ram:swap} reads, and what it says when something goes wrong. */
class SwapCommandsTest {
  private static final CommandSession SESSION =
      (CommandSession)
          Proxy.newProxyInstance(
              CommandSession.class.getClassLoader(),
              new Class<?>[] {CommandSession.class},
              (proxy, method, arguments) -> {
                throw new AssertionError(method);
              });

  private final List<Object> asked = new ArrayList<>();

  /** Commands over a service whose plan ends so. */
  private SwapCommands failing(Throwable failure) {
    MachineAdmin service =
        (MachineAdmin)
            Proxy.newProxyInstance(
                MachineAdmin.class.getClassLoader(),
                new Class<?>[] {MachineAdmin.class},
                (proxy, method, arguments) -> {
                  asked.addAll(List.of(arguments));
                  throw failure;
                });
    return new SwapCommands(service);
  }

  private String failure(Throwable of, Object... arguments) {
    return assertThrows(CommandFailure.class, () -> failing(of).swap(SESSION, arguments))
        .getMessage();
  }

  private static SwapException refusal() {
    return new SwapException(new BackendId("m0"), "no");
  }

  @Test
  @DisplayName("a mistake in its arguments: one sentence with what is wrong and how it is written")
  void wrongArguments() {
    String form =
        ": write ram:swap ID PROPERTIES [-plan] [-background] [-verify] [-overwrite]"
            + " [-downtime-limit MS] [-max-bandwidth SIZE] [-rounds N] [-pause-limit MS], or"
            + " ram:swap ID -cancel";
    assertEquals("ID is missing" + form, failure(refusal()));
    assertEquals("PROPERTIES is missing" + form, failure(refusal(), "m0"));
    assertEquals("ID is missing" + form, failure(refusal(), "-cancel"));
    assertEquals("there is no option -plane" + form, failure(refusal(), "m0", "a=b", "-plane"));
    assertEquals("-rounds needs a value" + form, failure(refusal(), "m0", "a=b", "-rounds"));
    assertEquals("c is one word too many" + form, failure(refusal(), "m0", "a=b", "c"));
    assertEquals(
        "-rounds 0 is not a whole number from 1 to 2147483647" + form,
        failure(refusal(), "m0", "a=b", "-rounds", "0"));
    assertEquals(
        "-pause-limit soon is not a whole number from 0 to 2147483647" + form,
        failure(refusal(), "m0", "a=b", "-pause-limit", "soon"));
    assertTrue(
        failure(refusal(), "m0", "a=b", "-max-bandwidth", "fast")
            .startsWith("-max-bandwidth fast"));
    assertEquals(List.of(), asked);
  }

  @Test
  @DisplayName(
      "what contradicts itself, lacks its value, or asks for help has a sentence that helps")
  void helpfulSentences() {
    assertTrue(
        failure(refusal(), "m0", "-cancel", "-plan")
            .startsWith(
                "-cancel goes with no other option, and -plan is there: write ram:swap ID"));
    assertEquals(
        "mem-path needs a value: write mem-path=VALUE", failure(refusal(), "m0", "mem-path"));
    for (String help : List.of("-help", "--help", "-h")) {
      assertEquals(
          "write help ram:swap, and it is explained", failure(refusal(), "m0", "a=b", help));
    }
    assertEquals(List.of(), asked);
    assertEquals(refusal().getMessage(), failure(refusal(), "m0", "memory-backend-memfd"));
  }

  @Test
  @DisplayName("a memory backend that isn't there is the same sentence in all commands")
  void noSuchBackend() throws Exception {
    try (OpenMachine there = OpenMachine.of()) {
      SwapCommands commands = new SwapCommands(there.admin());
      String sentence = "there is no memory backend 'nope'; there are pc.ram";
      assertEquals(
          sentence,
          assertThrows(CommandFailure.class, () -> commands.swap(SESSION, "nope", "-cancel"))
              .getMessage());
      assertEquals(
          sentence, assertThrows(CommandFailure.class, () -> commands.swaps("nope")).getMessage());
    }
    assertEquals(
        new NoSuchObjectException("nope", List.of("m0")).getMessage(),
        failure(new NoSuchObjectException("nope", List.of("m0")), "nope", "mem-path=/a"));
  }

  @Test
  @DisplayName("options stand anywhere, and reach the service")
  void readsAll() {
    String told =
        failure(
            refusal(), "-verify", "m0", "-rounds", 7, "mem-path=/a,,b,share=on", "-pause-limit", 5);
    assertEquals(refusal().getMessage(), told);
    assertEquals(
        List.of(
            "m0",
            Map.of("mem-path", "/a,b", "share", "on"),
            SwapLimits.DEFAULT.withVerify(true).withRounds(7).withPause(Duration.ofMillis(5))),
        asked);
  }

  @Test
  @DisplayName("an Error, of which the shell would show its wrapper alone, is a sentence too")
  void errors() {
    String told = failure(new InternalError("a page\nis lost"), "m0", "mem-path=/a");
    assertEquals(
        "ram:swap failed for a reason that it does not know: java.lang.InternalError: a"
            + " page\\u000ais lost; see the log",
        told);
  }
}
