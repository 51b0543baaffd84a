package holdfast.launcher.internal.cli;

import holdfast.backend.api.HoldfastException;
import holdfast.host.linux.ServiceManager;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.core.Machine;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command {@code holdfast}. The launcher of the executable jar calls it in the main thread, and
 * takes its result as the exit status. It is not registered in a container without that launcher,
 * nor where the launcher runs something else, such as tests: it requires that the framework
 * property {@link #MAIN} is {@code true}. A container that checks whether the services that a
 * bundle needs can be there, as Karaf does, must not miss a command line: so it is optional.
 */
@Component(
    service = {},
    immediate = true)
public final class HoldfastCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(HoldfastCommand.class);

  /** How long to wait before it is looked again whether another process has left its file. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final String ARGUMENTS = "launcher.arguments";

  /** The framework property of the executable jar. */
  private static final String MAIN = "holdfast.main";

  /** The service property by which the jar's start finds the service to call in the main thread. */
  private static final String MAIN_THREAD = "main.thread";

  /** Read by {@code ./holdfast -daemonize}, which ends then. */
  private static final String UP = "holdfast: up";

  private final BundleContext context;
  private final Bundle framework;
  private final ConfigurationAdmin configurations;
  private final FutureTask<CommandLine> commandLine;
  private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
  private volatile @Nullable Shell shell;
  private volatile @Nullable PidFile pidFile;
  private volatile @Nullable ServiceRegistration<?> lasting;
  private volatile Readiness readiness = new Readiness(Optional.empty());

  /** Called by Declarative Services. */
  @Activate
  public HoldfastCommand(
      BundleContext context,
      @Reference(
              service = Object.class,
              target = "(" + ARGUMENTS + "=*)",
              cardinality = ReferenceCardinality.OPTIONAL,
              policyOption = ReferencePolicyOption.GREEDY)
          @Nullable Map<String, ?> launcher,
      @Reference ConfigurationAdmin configurations) {
    this.context = context;
    this.framework = Objects.requireNonNull(context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION));
    List<String> arguments =
        launcher == null
            ? List.of()
            : List.of((String[]) Objects.requireNonNull(launcher.get(ARGUMENTS)));
    this.configurations = configurations;
    this.commandLine = new FutureTask<>(() -> CommandLine.parse(arguments));
    if (launcher != null && Boolean.parseBoolean(context.getProperty(MAIN))) {
      // the bundles that are started meanwhile have little to do with it
      Thread.ofPlatform().daemon().name("holdfast-arguments").start(commandLine);
      context.registerService(
          Callable.class, this, FrameworkUtil.asDictionary(Map.of(MAIN_THREAD, true)));
    }
  }

  @Deactivate
  void deactivate() {
    ended.complete(true);
    readiness.ends();
    ServiceRegistration<?> registered = lasting;
    PidFile written = pidFile;
    if (written != null
        && (registered == null || registered.getReference().getUsingBundles() == null)) {
      written.close(); // the end began before it was registered, and nobody will
    }
    Shell open = shell;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintStream out = System.out;
    boolean serves = false;
    try {
      switch (parsed()) {
        case CommandLine.Print(String text) -> out.print(text);
        case CommandLine.Version() -> out.println("holdfast " + context.getBundle().getVersion());
        case CommandLine.Start(
                MachineRequest request,
                var wanted,
                boolean daemonize,
                CommandLine.After after) -> {
          serves = after == CommandLine.After.SERVE;
          if (serves) {
            begin(wanted, request.takesOver());
          }
          Machine machine = new MachineStart(context, configurations).start(request);
          if (serves) {
            request.configureMetrics(configurations);
            Operator operator = Operator.begin(context, request.hasMetrics());
            readiness.isUp();
            if (daemonize) {
              out.println(UP);
              out.flush();
            }
            serve(request.takesStdio(), operator, machine);
          } else {
            Report.print(machine, after, out);
          }
        }
      }
      out.flush();
      return 0;
    } catch (IOException e) {
      return failed(
          "configurations can't be written: "
              + Excerpt.onOneLine(e.toString())
              + "; see to the space in "
              + context.getProperty(Constants.FRAMEWORK_STORAGE),
          serves);
    } catch (IllegalStateException | LinkageError e) {
      if (framework.getState() == Bundle.ACTIVE) {
        throw e;
      }
      // told to end while it started, it met what was gone already: a service, or its own bundle,
      // of which no further class can be loaded then
      return failed("", serves);
    } catch (HoldfastException e) {
      // a path may be part of it, and a path can contain any character
      return failed(Excerpt.onOneLine(e.getMessage()), serves);
    }
  }

  /**
   * Prints why the command failed, unless the process was asked to end, which is not a failure; but
   * a report that isn't there is one.
   *
   * @return the exit status
   */
  private int failed(String sentence, boolean serves) {
    if (framework.getState() == Bundle.ACTIVE) {
      String priority = Boolean.getBoolean("holdfast.journal") ? "<3>" : ""; // as in logback.xml
      System.err.println(priority + "holdfast: " + sentence);
      return 1;
    }
    return serves ? 0 : 1;
  }

  private CommandLine parsed() throws HoldfastException, InterruptedException {
    commandLine.run(); // unless its thread has begun
    try {
      return commandLine.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case HoldfastException mistake -> throw mistake;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Lets others know that the process serves a machine.
   *
   * @param takesOver whether to wait for the end of a process that has the file
   */
  private void begin(Optional<String> wanted, boolean takesOver) throws CommandException {
    if (wanted.isPresent()) {
      try {
        keep(PidFile.write(wanted.get()));
      } catch (TakenPidFileException e) {
        if (!takesOver) {
          throw e;
        }
        Thread.ofVirtual().name("holdfast-pidfile").start(() -> takeOver(wanted.get()));
      }
    }
    readiness = Readiness.at(System.getenv(ServiceManager.VARIABLE));
    readiness.starts();
  }

  private void keep(PidFile written) {
    try {
      // closed when the memory is released and its files are unlocked: holdfast.start sees to it
      lasting =
          context.registerService(
              AutoCloseable.class,
              written,
              FrameworkUtil.asDictionary(Map.of("holdfast.last", true)));
      pidFile = written;
    } catch (IllegalStateException ending) {
      written.close();
      throw ending;
    }
  }

  /** Waits until another process has ended, of which no event tells. */
  private void takeOver(String wanted) {
    while (!ended.isDone()) {
      try {
        keep(PidFile.write(wanted));
        return;
      } catch (TakenPidFileException e) {
        LockSupport.parkNanos(LOOK_NANOS);
      } catch (CommandException e) {
        LOG.error("{}", e.getMessage());
        return;
      } catch (IllegalStateException e) {
        return; // the process is ending
      }
    }
  }

  private void serve(boolean withoutTerminal, Operator operator, Machine machine)
      throws CommandException, IOException, InterruptedException {
    if (withoutTerminal || System.console() == null) {
      awaitEnd();
      return;
    }
    operator.await();
    String welcome =
        "Holdfast, a %s machine: %s; help lists the commands".formatted(machine.type(), machine);
    try (Shell opened = new Shell(context, welcome)) {
      shell = opened;
      if (!ended.isDone() && !userEnds(opened)) {
        awaitEnd();
      }
    }
  }

  /**
   * Runs the shell in a thread of its own: not every terminal's read can be interrupted, and one
   * that can't must not keep the process.
   *
   * @return whether the user wants the machine to end; false if it is ended
   */
  private boolean userEnds(Shell opened) throws InterruptedException {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("holdfast-shell")
        .start(
            () -> {
              try {
                answer.complete(opened.run());
              } catch (InterruptedException | RuntimeException | Error e) {
                answer.completeExceptionally(e);
              }
            });
    try {
      CompletableFuture.anyOf(ended, answer).get();
      return !ended.isDone() && answer.get();
    } catch (ExecutionException e) {
      return false; // the machine stays up without a shell
    }
  }

  private void awaitEnd() throws InterruptedException {
    try {
      ended.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
