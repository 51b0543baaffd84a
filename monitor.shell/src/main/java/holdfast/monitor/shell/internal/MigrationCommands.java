package holdfast.monitor.shell.internal;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.config.options.Excerpt;
import holdfast.monitor.shell.report.MigrationScreen;
import holdfast.monitor.shell.report.Screen;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The commands {@code ram:migrate}, {@code ram:migrate_incoming}, {@code ram:migration}, {@code
 * ram:migration_parameters} and {@code ram:migrate_decide}.
 */
@Component(
    service = MigrationCommands.class,
    property = {
      "osgi.command.scope=ram",
      "osgi.command.function=migrate",
      "osgi.command.function=migrate_incoming",
      "osgi.command.function=migration",
      "osgi.command.function=migration_parameters",
      "osgi.command.function=migrate_decide"
    })
public final class MigrationCommands {
  private static final Duration SHOW_EVERY = Duration.ofMillis(500);
  private static final Duration CANCEL_LIMIT = Duration.ofSeconds(30);

  private final MachineAdmin admin;

  /** Called by Declarative Services. */
  @Activate
  public MigrationCommands(@Reference MachineAdmin admin) {
    this.admin = admin;
  }

  /** Runs {@code ram:migrate ADDRESS}. */
  @Descriptor(
      "moves the guest to another machine while it runs; waits for the end and shows how far it is")
  public String migrate(
      CommandSession session,
      @Descriptor(
              """
              ADDRESS [OPTIONS] or -cancel
                  ADDRESS               where it goes: tcp:HOST:PORT, such as tcp:host2:4444, or
                                        unix:PATH; with file:PATH its memory is written to a file,
                                        and it stays here, stopped; with cpr:PATH a process of this
                                        host takes over its open files, and little is copied
                  -peer WHO             who is there: holdfast (default) or qemu
                  -peer-machine TYPE    the machine type of that QEMU, such as pc-i440fx-7.2
                  -downtime-limit MS    how long it may be stopped for the last step (default 300)
                  -max-bandwidth SIZE   how many bytes a second are sent at most before that, such as
                                        200M (default 128M); 0: no limit
                  -tls-dir DIR          the folder with the PEM files for TLS
                  -tls-hostname NAME    the name in the certificate, if it isn't HOST
                  -background           starts it and doesn't wait; ram:migration shows how far it is
                  -cancel               cancels the one under way
                  what an option says holds for later ones, too: ram:migration_parameters shows it\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        MigrationOrder.NAME,
        () -> {
          Started started = start(MigrationOrder.read(arguments));
          return started.awaited().isEmpty() ? started.text() : follow(session.getConsole());
        });
  }

  /**
   * What {@code ram:migrate} has done before it waits.
   *
   * @param text what it says
   * @param awaited the migration whose end is waited for, as it began; empty if the command is done
   */
  record Started(String text, Optional<MigrationStatus> awaited) {}

  /** Does all that {@code ram:migrate} does, except that it waits for no end. */
  Started start(Object... arguments) throws InterruptedException {
    AtomicReference<@Nullable Started> started = new AtomicReference<>();
    CommandFailure.orAnswer(
        MigrationOrder.NAME,
        () -> {
          started.set(start(MigrationOrder.read(arguments)));
          return "";
        });
    return Objects.requireNonNull(started.get());
  }

  private Started start(MigrationOrder order) throws AdminException, InterruptedException {
    MigrationAdmin migration = admin.migration();
    if (order.cancels()) {
      return new Started(cancel(migration), Optional.empty());
    }
    if (!order.parameters().isEmpty()) {
      migration.setParameters(order.parameters());
    }
    migration.migrate(order.address());
    return order.background()
        ? new Started(
            "started; ram:migration shows how far it is, ram:migrate -cancel ends it",
            Optional.empty())
        : new Started("", Optional.of(migration.status()));
  }

  private String cancel(MigrationAdmin migration) throws InterruptedException {
    if (!migration.status().state().isUnderWay()) {
      throw new CommandFailure("no migration is under way");
    }
    migration.cancel();
    return line(await(migration, CANCEL_LIMIT, status -> {}));
  }

  private String follow(PrintStream console) throws AdminException {
    MigrationAdmin migration = admin.migration();
    MigrationStatus end;
    try {
      end = await(migration, Duration.ofNanos(Long.MAX_VALUE), new Progress(console));
    } catch (InterruptedException e) {
      // Ctrl-C; the shell ignores the result of a command that it interrupted
      console.println(
          "the migration goes on; ram:migration shows how far it is, ram:migrate -cancel ends it");
      Thread.currentThread().interrupt();
      return "";
    }
    if (end.state() != MigrationState.COMPLETED) {
      throw new CommandFailure(MigrationWords.line(end));
    }
    return line(end);
  }

  /** Shows each line that is another one than that before. */
  private static final class Progress implements Consumer<MigrationStatus> {
    private final PrintStream console;
    private String shown = "";

    Progress(PrintStream console) {
      this.console = console;
    }

    @Override
    public void accept(MigrationStatus status) {
      String line = line(status);
      if (!line.equals(shown)) {
        console.println(line);
        shown = line;
      }
    }
  }

  /** Waits until no migration is under way, or the limit is over; returns how it is then. */
  private MigrationStatus await(
      MigrationAdmin migration, Duration limit, Consumer<MigrationStatus> progress)
      throws InterruptedException {
    long begun = System.nanoTime();
    Semaphore changed = new Semaphore(0);
    try (MachineAdmin.Subscription _ =
        admin.subscribe(
            event -> {
              if (event.change() instanceof AdminEvent.MigrationProgressed) {
                changed.release();
              }
            })) {
      while (true) {
        MigrationStatus status = migration.status();
        if (!status.state().isUnderWay() || System.nanoTime() - begun >= limit.toNanos()) {
          return status;
        }
        progress.accept(status);
        if (changed.tryAcquire(SHOW_EVERY.toNanos(), TimeUnit.NANOSECONDS)) {
          changed.drainPermits();
        }
      }
    }
  }

  private static String line(MigrationStatus status) {
    return Excerpt.onOneLine(MigrationWords.line(status));
  }

  /** Runs {@code ram:migrate_incoming ADDRESS}. */
  @Descriptor("listens for a guest that comes from another machine, if -incoming said defer")
  public String migrate_incoming(
      @Descriptor(
              "ADDRESS: where to listen, tcp:HOST:PORT or unix:PATH, or what to read, file:PATH")
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:migrate_incoming",
        () -> {
          MigrationAdmin migration = admin.migration();
          migration.listen(MigrationOrder.incoming(arguments));
          return line(migration.status());
        });
  }

  /** Runs {@code ram:migration}. */
  @Descriptor("shows the migration that is under way, or else the last one")
  public String migration(@Descriptor("no arguments") Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:migration",
        () -> {
          Arguments.read("ram:migration", arguments).words();
          Screen screen = new Screen();
          MigrationScreen.show(admin.migration().status(), admin.status(), screen);
          return screen.toString();
        });
  }

  /** Runs {@code ram:migration_parameters}. */
  @Descriptor("shows or changes what holds for migrations that begin from now on")
  public String migration_parameters(
      @Descriptor(
              """
              [NAME=VALUE]...
                  NAME=VALUE  what changes, such as downtime-limit=100 (milliseconds) or
                              max-bandwidth=200M (bytes a second, 0: no limit), which one that is
                              under way follows, too; without any, all are shown\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:migration_parameters",
        () -> {
          MigrationAdmin migration = admin.migration();
          Map<String, String> changes = MigrationOrder.changes(arguments);
          if (!changes.isEmpty()) {
            migration.setParameters(changes);
          }
          List<List<String>> rows = new ArrayList<>();
          MigrationWords.parameters(migration.parameters())
              .forEach((name, value) -> rows.add(List.of(name, value.isEmpty() ? "-" : value)));
          Screen screen = new Screen();
          screen.table(List.of("PARAMETER", "VALUE"), rows);
          return screen.toString();
        });
  }

  /** Runs {@code ram:migrate_decide here|elsewhere}. */
  @Descriptor(
      "says where a guest goes on that is stopped on both sides since the peers lost each other")
  public String migrate_decide(
      @Descriptor(
              """
              here|elsewhere [PROOF]
                  here       it goes on in this machine
                  elsewhere  it doesn't: nothing of it that could go on is left here
                  PROOF      at a destination, with here: what the source's ram:migration, or the note
                             beside its file, shows once the guest has left it; source-lost if the
                             source is lost for good, and nobody will ever start from its file. At
                             a source whose guest has left, destination-lost\
              """)
          Object... arguments)
      throws InterruptedException {
    return CommandFailure.orAnswer(
        "ram:migrate_decide",
        () -> {
          MigrationOrder.Decided decided = MigrationOrder.decided(arguments);
          MigrationAdmin migration = admin.migration();
          migration.decide(decided.decision(), decided.proof());
          return line(migration.status()) + "\n" + admin.status().sentence();
        });
  }
}
