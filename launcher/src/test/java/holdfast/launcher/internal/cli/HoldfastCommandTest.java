package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.backend.api.BackingLockedException;
import holdfast.launcher.internal.machine.FakeConfigurations;
import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineFixture;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;

/** The command's exit status and what it prints where, with a machine on fake allocators. */
@Timeout(120)
class HoldfastCommandTest {
  private static final String[] MACHINE = {
    "-M", "nvdimm=on",
    "-m", "1,slots=1,maxmem=1G",
    "-object", "memory-backend-file,id=m0,size=1M,mem-path=/m0,share=on",
    "-device", "nvdimm,id=nv0,memdev=m0"
  };

  private final MachineFixture there = new MachineFixture().withFile();
  private final FakeConfigurations configurations = there.configurations;
  private final PrintStream realOut = System.out;
  private final PrintStream realErr = System.err;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private int frameworkState = Bundle.ACTIVE;

  /** Whether no class of the bundle can be loaded any more. */
  private boolean unloadable;

  @BeforeEach
  void listen() {
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void close() {
    System.setOut(realOut);
    System.setErr(realErr);
    there.close();
  }

  private final List<Object> registered = new ArrayList<>();
  private @Nullable String main;

  private HoldfastCommand command(String... arguments) {
    return new HoldfastCommand(
        context(), Map.of("launcher.arguments", arguments), configurations.admin());
  }

  /** In which the machine's component is a service, and the framework can be told to stop. */
  private BundleContext context() {
    ServiceReference<?> reference =
        fake(
            ServiceReference.class,
            (name, arguments) ->
                switch (name) {
                  case "equals" -> true;
                  case "hashCode", "compareTo" -> 0;
                  default -> null;
                });
    Framework framework = fake(Framework.class, (name, arguments) -> null);
    Bundle system =
        fake(
            Bundle.class,
            (name, arguments) ->
                switch (name) {
                  case "adapt" -> framework;
                  case "getState" -> frameworkState;
                  default -> null;
                });
    return fake(
        BundleContext.class,
        (name, arguments) ->
            switch (name) {
              case "getServiceReferences" -> {
                if (unloadable) {
                  throw new NoClassDefFoundError("holdfast/launcher/internal/cli/MachineStart");
                }
                yield arguments[0].equals(MachineComponent.class.getName())
                    ? new ServiceReference<?>[] {reference}
                    : null;
              }
              case "getService" -> there.component();
              case "ungetService" -> true;
              case "getBundle" -> system;
              case "getProperty" -> arguments[0].equals("holdfast.main") ? main : null;
              case "registerService" -> {
                registered.add(arguments[2]);
                yield null;
              }
              default -> null;
            });
  }

  private static <T> T fake(Class<T> type, BiFunction<String, Object[], @Nullable Object> methods) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> methods.apply(method.getName(), arguments)));
  }

  @Test
  @DisplayName("a container without a command line gets no command")
  void isNothingWithoutACommandLine() {
    main = "true";

    new HoldfastCommand(context(), null, configurations.admin());

    assertEquals(List.of(), registered);
  }

  private static String[] machineAnd(String... more) {
    String[] all = Arrays.copyOf(MACHINE, MACHINE.length + more.length);
    System.arraycopy(more, 0, all, MACHINE.length, more.length);
    return all;
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  @DisplayName("it offers itself to the launcher's main thread only where holdfast.main is true")
  void runsOnlyWhereItIsTheMainProgram() {
    command("-help");
    main = "false";
    command("-help");
    assertEquals(List.of(), registered);

    main = "true";
    command("-help");
    assertEquals(
        List.of(Map.of("main.thread", true)),
        registered.stream().map(p -> FrameworkUtil.asMap((Dictionary<?, ?>) p)).toList());
  }

  @Test
  void helpIsPrintedAndStartsNothing() throws Exception {
    assertEquals(0, command("-help").call());

    assertEquals(Usage.text(), printed());
    assertEquals(Map.of(), configurations.written());
  }

  @Test
  @DisplayName("a mistake: one sentence on standard error, status 1, nothing started")
  void aMistakeIsOneSentence() throws Exception {
    assertEquals(1, command("-object", "floppy").call());
    assertEquals(1, command("-nonsense").call());

    List<String> lines = err.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals(2, lines.size());
    assertTrue(lines.get(0).startsWith("holdfast: -object: floppy is not a type"), lines.get(0));
    assertTrue(lines.get(1).startsWith("holdfast: there is no option -nonsense"), lines.get(1));
    assertEquals("", printed());
    assertEquals(Map.of(), configurations.written());
  }

  @Test
  void aMachineThatFailsIsOneSentence() throws Exception {
    assertEquals(1, command(machineAnd("-device", "nvdimm,memdev=m9")).call());

    assertTrue(
        err.toString(StandardCharsets.UTF_8)
            .lines()
            .anyMatch(line -> line.startsWith("holdfast: device 'nvdimm[1]': memdev=m9 names no")),
        err.toString(StandardCharsets.UTF_8));
    assertEquals("", printed());
  }

  @Test
  @DisplayName("told to end while it starts, it says nothing of what it did not reach")
  void theEndIsNoFailure() throws Exception {
    frameworkState = Bundle.STOPPING;
    assertEquals(0, command(machineAnd("-device", "nvdimm,memdev=m9")).call());
    assertEquals(
        1,
        command(machineAnd("-device", "nvdimm,memdev=m9", "-probe")).call(),
        "a report that isn't there");

    assertEquals("", err.toString(StandardCharsets.UTF_8));
    assertEquals("", printed());
  }

  @Test
  @DisplayName(
      "told to end while it started, it says nothing of its own classes that can't be loaded any more")
  void theEndTakesClassesAway() throws Exception {
    unloadable = true;
    HoldfastCommand started = command(machineAnd());
    assertThrows(NoClassDefFoundError.class, started::call, "while nothing ends it is a fault");

    frameworkState = Bundle.RESOLVED;
    assertEquals(0, command(machineAnd()).call());
    assertEquals(1, command(machineAnd("-probe")).call(), "a report that isn't there");
    assertEquals("", err.toString(StandardCharsets.UTF_8));
    assertEquals("", printed());
  }

  @Test
  @DisplayName("a flag without a value switches on, without a warning")
  void aFlagIsTakenInSilence() throws Exception {
    String object = "memory-backend-file,id=m1,share,size=1M,mem-path=/m1,share=on";
    assertEquals(0, command(machineAnd("-object", object, "-probe", "json")).call());

    assertTrue(printed().contains("RAM_SHARED"), printed());
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  @Test
  @DisplayName("a path can hold a line feed; the sentence about it is one line all the same")
  void aPathDoesNotBreakItsSentence() throws Exception {
    there.file.beforeAllocate(
        spec -> {
          throw new BackingLockedException(spec);
        });
    String object = "memory-backend-file,id=m1,size=1M,mem-path=/a\nb\u001b[31m";
    assertEquals(1, command("-object", object, "-probe").call());

    String last = err.toString(StandardCharsets.UTF_8).lines().toList().getLast();
    assertTrue(last.startsWith("holdfast: memory backend 'm1'"), last);
    assertTrue(last.contains("/a\\u000ab\\u001b[31m"), last);
  }

  @Test
  @DisplayName("-probe json: standard output is one JSON object on one line")
  void probesInJson() throws Exception {
    assertEquals(0, command(machineAnd("-probe", "json")).call());

    assertEquals(1, printed().lines().count());
    assertEquals(List.of("backends", "devices"), List.copyOf(JSON.std.mapFrom(printed()).keySet()));
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void probesInText() throws Exception {
    assertEquals(0, command(machineAnd("-probe")).call());

    assertTrue(printed().startsWith("memory backend 'm0' (memory-backend-file)\n"), printed());
    assertTrue(printed().contains("nvdimm"), printed());
  }

  @Test
  @DisplayName("without -probe the machine stays until the framework ends the command")
  void servesUntilItIsEnded() throws Exception {
    HoldfastCommand command = command(machineAnd());
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> status = thread.submit(command);
      assertTrue(there.up().find("m0").isPresent());

      command.deactivate();

      assertEquals(0, status.get(30, TimeUnit.SECONDS));
      assertEquals("", printed());
    } finally {
      thread.shutdownNow();
    }
  }
}
