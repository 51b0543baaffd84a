package holdfast.launcher.internal.cli;

import holdfast.machine.admin.MachineAdmin;
import holdfast.monitor.shell.command.OperatorCommands;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Converters;
import org.apache.felix.gogo.jline.Posix;
import org.apache.felix.gogo.jline.Procedural;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.jline.reader.impl.LineReaderImpl;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceRegistration;
import org.osgi.util.tracker.ServiceTracker;
import org.slf4j.LoggerFactory;

/**
 * The interactive shell on the terminal: Gogo's, with JLine. It is run here instead of by Gogo's
 * own bundle, which is installed and never started: that bundle would run {@code etc/gosh_profile}
 * of the working folder, whoever wrote it, would end the machine at Ctrl-D without a question, and
 * can't be stopped while a user is at the prompt.
 *
 * <p>Ctrl-C clears the line, or interrupts the running command.
 */
final class Shell implements AutoCloseable {
  private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(Shell.class);
  private static final long PROCESSOR_LIMIT_MILLIS = 5_000;
  private static final long USER_LIMIT_MILLIS = 2_000;
  private static final long COMMAND_LIMIT_MILLIS = 500;
  private static final long POLL_MILLIS = 20;
  private static final int DELETE = 0x7F;

  /** Referenced here because a logger without a strong reference loses its level. */
  private static final Logger JLINE = Logger.getLogger("org.jline");

  private final BundleContext context;
  private final String welcome;
  private final List<ServiceRegistration<?>> registrations = new ArrayList<>();
  private final Terminal terminal;
  private final org.apache.felix.gogo.jline.Shell gosh;
  private final CommandSession session;
  private final ServiceTracker<MachineAdmin, MachineAdmin> machine;
  private volatile boolean closed;

  /** The thread in {@link #run}; null if there is none. No other thread may be interrupted. */
  private @Nullable Thread user;

  /**
   * Opens the terminal, and registers Gogo's commands.
   *
   * @param welcome the line with which it begins
   */
  Shell(BundleContext context, String welcome)
      throws IOException, CommandException, InterruptedException {
    this.context = context;
    this.welcome = welcome;
    CommandProcessor processor = processor(context);
    terminal =
        TerminalBuilder.builder()
            .name("holdfast")
            .system(true)
            .nativeSignals(true)
            .signalHandler(Terminal.SignalHandler.SIG_IGN)
            .build();
    // otherwise it would log, with a stack trace after each command, that it can't write the
    // history
    JLINE.setLevel(Level.OFF);
    gosh = new org.apache.felix.gogo.jline.Shell(new Surroundings(), processor);
    register(gosh);
    register(new Builtin());
    register(new Procedural());
    register(new Posix(processor));
    registrations.add(
        context.registerService(
            Converter.class, new Converters(system().getBundleContext()), null));
    session =
        processor.createSession(
            terminal.input(), terminal.output(), Sentences.errors(terminal.output()));
    session.put(".gosh_quiet", true); // our own welcome says which machine this is
    session.put(
        org.apache.felix.gogo.jline.Shell.VAR_TERMINAL,
        Sentences.on(terminal, () -> org.apache.felix.gogo.jline.Shell.getCommands(session)));
    machine = new ServiceTracker<>(context, MachineAdmin.class, null);
    machine.open();
    Supplier<Optional<OperatorCommands>> commands =
        () -> Optional.ofNullable(machine.getService()).map(OperatorCommands::new);
    ShellCompletion.in(session, commands);
    ShellHelp.in(session, commands);
  }

  private static CommandProcessor processor(BundleContext context)
      throws CommandException, InterruptedException {
    ServiceTracker<CommandProcessor, CommandProcessor> tracker =
        new ServiceTracker<>(context, CommandProcessor.class, null);
    tracker.open();
    CommandProcessor processor = tracker.waitForService(PROCESSOR_LIMIT_MILLIS);
    if (processor == null) {
      throw new CommandException("the shell did not start: there is no Gogo runtime");
    }
    return processor;
  }

  private org.osgi.framework.Bundle system() {
    return context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION);
  }

  /** Registers the commands of one of Gogo's classes, whose names only that class knows. */
  private void register(Object commands) {
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(CommandProcessor.COMMAND_SCOPE, "gogo");
    try {
      Field names = commands.getClass().getDeclaredField("functions");
      names.setAccessible(true);
      properties.put(
          CommandProcessor.COMMAND_FUNCTION, Objects.requireNonNull((String[]) names.get(null)));
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("not the version of Gogo that this was written for", e);
    }
    registrations.add(context.registerService(commands.getClass().getName(), commands, properties));
  }

  /** The environment that Gogo requires. */
  private final class Surroundings implements org.apache.felix.gogo.jline.Shell.Context {
    @Override
    public String getProperty(String name) {
      // a profile in the working folder is not trusted: only Gogo's own is used
      return name.equals("gosh.home") ? "/nonexistent" : "" + context.getProperty(name);
    }

    @Override
    public void exit() throws Exception {
      system().stop();
    }
  }

  /**
   * Serves the user until the user ends the machine, the shell is closed, or the terminal is gone;
   * in the last case the machine stays up without a shell.
   *
   * @return whether the user wants the machine to end
   */
  boolean run() throws InterruptedException {
    if (!enter()) {
      return false;
    }
    try {
      return serve();
    } finally {
      leave();
    }
  }

  /**
   * Returns whether the shell is still open; from here on {@link #close} interrupts this thread.
   */
  private synchronized boolean enter() {
    user = Thread.currentThread();
    return !closed;
  }

  /**
   * Clears an interrupt by {@link #close} that came too late, so that the caller does not receive
   * it.
   */
  private synchronized void leave() {
    user = null;
    notifyAll();
    if (closed) {
      Thread.interrupted();
    }
  }

  private boolean serve() throws InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("--login", "--noshutdown"));
    if (!isHistoryKept(Path.of(System.getProperty("user.home", "")))) {
      arguments.add("--nohistory");
    }
    terminal.writer().println(welcome);
    terminal.flush();
    while (!closed) {
      try {
        gosh.gosh(session, arguments.toArray(String[]::new));
      } catch (InterruptedException e) {
        if (closed) {
          return false;
        }
        throw e;
      } catch (Exception e) {
        if (!closed) {
          LOG.error("the shell ended: {}", "" + e);
        }
        return false;
      }
      if (closed) {
        return false;
      }
      switch (ask("End the machine, and the guest with it? y: yes, any other key: no ")) {
        case 'y', 'Y' -> {
          return true;
        }
        case -1 -> {
          return false;
        }
        default -> LOG.debug("the user stays");
      }
    }
    return false;
  }

  /** Returns whether the command history can be written in the folder {@code home}. */
  static boolean isHistoryKept(Path home) {
    Path file = home.resolve(".gogo.history");
    return home.isAbsolute()
        && Files.isDirectory(home)
        && (Files.exists(file)
            ? Files.isRegularFile(file) && Files.isWritable(file)
            : Files.isWritable(home));
  }

  /**
   * Asks a question; returns the key that was pressed, or -1 if no answer will come. Ctrl-C and
   * Ctrl-Z are keys here, not signals. A letter that is not an answer is left for the prompt, as
   * the beginning of the next line.
   */
  private int ask(String question) {
    Attributes before = terminal.enterRawMode();
    try {
      Attributes keys = terminal.getAttributes();
      keys.setLocalFlag(Attributes.LocalFlag.ISIG, false);
      terminal.setAttributes(keys);
      terminal.writer().print(question);
      terminal.flush();
      int answer = terminal.reader().peek(0);
      boolean isAnswer = "yYnN".indexOf(answer) >= 0;
      if (isAnswer || answer <= ' ' || answer == DELETE) {
        terminal.reader().read();
      }
      terminal.writer().println(isAnswer ? String.valueOf((char) answer) : "");
      terminal.flush();
      return answer;
    } catch (IOException e) {
      return -1;
    } finally {
      terminal.setAttributes(before);
    }
  }

  /** Removes the prompt, restores the terminal, and ends {@link #run}. */
  @Override
  public void close() {
    closed = true;
    gosh.stop();
    letGo();
    try {
      terminal.close();
    } catch (IOException e) {
      LOG.debug("the terminal", e);
    }
    registrations.forEach(Shell::unregister);
    machine.close();
  }

  /**
   * Waits for the thread in {@link #run}, because the next step takes JLine's classes away. A
   * thread at the prompt is interrupted; a thread in a command, which may be the one that ends the
   * machine, only if the command takes too long.
   */
  private synchronized void letGo() {
    long begin = System.nanoTime();
    try {
      for (Thread inside = user; inside != null; inside = user) {
        long passed = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        if (passed > USER_LIMIT_MILLIS) {
          LOG.debug("the shell's thread waits in a read that can't be interrupted");
          return;
        }
        if (isAtPrompt() || passed > COMMAND_LIMIT_MILLIS) {
          inside.interrupt();
        }
        wait(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isAtPrompt() {
    return session.get(org.apache.felix.gogo.jline.Shell.VAR_READER)
            instanceof LineReaderImpl reader
        && reader.isReading();
  }

  private static void unregister(ServiceRegistration<?> registration) {
    try {
      registration.unregister();
    } catch (IllegalStateException e) {
      LOG.debug("the framework did it already", e);
    }
  }
}
