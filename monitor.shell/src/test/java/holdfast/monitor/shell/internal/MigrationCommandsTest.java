package holdfast.monitor.shell.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.core.OpenMachine;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The commands about migrations: what they read, ask for and say. */
@Timeout(60)
class MigrationCommandsTest {
  private final OpenMachine there = OpenMachine.of();
  private final MigrationCommands commands = new MigrationCommands(there.admin());
  private final BlockingQueue<String> shown = new LinkedBlockingQueue<>();

  /** A session whose console is {@link #shown}. */
  private final CommandSession session =
      (CommandSession)
          Proxy.newProxyInstance(
              CommandSession.class.getClassLoader(),
              new Class<?>[] {CommandSession.class},
              (proxy, method, arguments) -> {
                assertEquals("getConsole", method.getName());
                return new PrintStream(new ByteArrayOutputStream(), true, UTF_8) {
                  @Override
                  public void println(String line) {
                    shown.add(line);
                  }
                };
              });

  @AfterEach
  void close() {
    there.close();
  }

  private String failure(Object... arguments) {
    return "" + assertThrows(CommandFailure.class, () -> commands.start(arguments)).getMessage();
  }

  /** Runs {@code ram:migrate} in a thread of its own, until its first line is shown. */
  private CompletableFuture<String> migrating(Thread[] runner) throws InterruptedException {
    CompletableFuture<String> end = new CompletableFuture<>();
    runner[0] =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    end.complete(commands.migrate(session, "tcp:b:1"));
                  } catch (InterruptedException | RuntimeException e) {
                    end.completeExceptionally(e);
                  }
                });
    assertShown("migration to tcp:b:1: setup");
    return end;
  }

  private void assertShown(String line) throws InterruptedException {
    assertEquals(line, shown.poll(30, TimeUnit.SECONDS));
  }

  @Test
  @DisplayName("migrate shows each change once, and returns with the end")
  void waits() throws Exception {
    CompletableFuture<String> end = migrating(new Thread[1]);
    there.migration.become(MigrationState.ACTIVE, 1);
    assertShown(
        "migration to tcp:b:1: active: 12M sent in 1 rounds, 3M of 64M remaining, 0 pages/s dirtied,"
            + " 8M/s sent, downtime expected 380 ms");
    there.migration.become(MigrationState.ACTIVE, 1);
    there.migration.become(MigrationState.COMPLETED, 2);
    assertEquals(
        "migration to tcp:b:1: completed: 12M sent in 2 rounds, guest writers stopped for 12.0 ms,"
            + " 1.5 s in all",
        end.get(30, TimeUnit.SECONDS));
    assertTrue(shown.isEmpty(), shown::toString);
  }

  @Test
  @DisplayName("a migration that doesn't succeed is a failure of its command")
  void fails() throws Exception {
    CompletableFuture<String> end = migrating(new Thread[1]);
    there.migration.become(MigrationState.FAILED, 1);
    Throwable failure =
        assertThrows(Exception.class, () -> end.get(30, TimeUnit.SECONDS)).getCause();
    assertEquals(CommandFailure.class, failure.getClass());
    assertEquals(
        "migration to tcp:b:1: failed after 1.5 s: the peer is gone", failure.getMessage());
  }

  @Test
  @DisplayName("Ctrl-C ends the waiting alone, and says how to cancel")
  void interrupted() throws Exception {
    Thread[] runner = new Thread[1];
    CompletableFuture<String> end = migrating(runner);
    runner[0].interrupt();
    assertEquals("", end.get(30, TimeUnit.SECONDS));
    assertShown(
        "the migration goes on; ram:migration shows how far it is, ram:migrate -cancel ends it");
    assertEquals(List.of("migrate tcp:b:1"), there.migration.asked());
    assertEquals(
        "migration to tcp:b:1: cancelled after 1.5 s", commands.migrate(session, "-cancel"));
  }

  @Test
  @DisplayName(
      "a mistake in its arguments: one sentence with what is wrong, and nothing is asked for")
  void mistakes() {
    String form =
        ": write ram:migrate ADDRESS [-peer WHO] [-peer-machine TYPE] [-downtime-limit MS]"
            + " [-max-bandwidth SIZE] [-tls-dir DIR] [-tls-hostname NAME] [-background], or"
            + " ram:migrate -cancel";
    assertEquals("ADDRESS is missing" + form, failure());
    assertEquals("b is one word too many" + form, failure("tcp:a:1", "b"));
    assertEquals("there is no option -speed" + form, failure("tcp:a:1", "-speed"));
    assertEquals("-peer needs a value" + form, failure("tcp:a:1", "-peer"));
    assertEquals(
        "-downtime-limit x is not a whole number from 0 to 2147483647" + form,
        failure("tcp:a:1", "-downtime-limit", "x"));
    assertTrue(failure("tcp:a:1", "-max-bandwidth", "x").startsWith("-max-bandwidth x"));
    assertEquals(
        "-cancel goes with no other option, and -peer is there" + form,
        failure("-cancel", "-peer", "qemu"));
    assertEquals("tcp:a:1 is one word too many" + form, failure("tcp:a:1", "-cancel"));
    assertEquals("no migration is under way", failure("-cancel"));
    assertEquals(
        "Parameter 'uri' expects a valid migration protocol", failure("exec:x", "-background"));
    for (Object[] words :
        List.of(
            new Object[] {"x"},
            new Object[] {"=x"},
            new Object[] {"downtime-limit=soon"},
            new Object[] {"max-bandwidth=fast"})) {
      assertThrows(CommandFailure.class, () -> commands.migration_parameters(words));
    }
    assertThrows(CommandFailure.class, () -> commands.migrate_decide("nowhere"));
    assertThrows(CommandFailure.class, () -> commands.migrate_decide());
    assertThrows(CommandFailure.class, () -> commands.migrate_incoming());
    assertEquals(List.of(), there.migration.asked());
  }

  @Test
  @DisplayName("migration: the line, whether the guest is here, and what is known, a fact a line")
  void shows() throws Exception {
    there.admin().migration().migrate("tcp:b:1");
    there.migration.become(MigrationState.COMPLETED, 2);
    there.become(Ownership.MOVED, true);
    assertEquals(
        """
        migration to tcp:b:1: completed: 12M sent in 2 rounds, guest writers stopped for 12.0 ms, 1.5 s in all
          machine       the machine is up; its guest has left for another machine
          memory        64M, 12M sent, 0 remaining
          pages         3072 as they are, 13312 as zeros
          rounds        2; in the last one 700 pages/s dirtied, 8M/s sent
          time          1.5 s
          setup         3 ms
          downtime      12 ms
        """,
        commands.migration());
  }

  @Test
  @DisplayName("migration_parameters: a table of all, after what changes has changed")
  void parameters() throws Exception {
    assertEquals(
        """
        PARAMETER                VALUE
        downtime-limit           50
        max-bandwidth            209715200
        x-holdfast-peer          holdfast
        x-holdfast-peer-machine  none
        x-holdfast-tls-dir       -
        tls-hostname             b=c
        """,
        commands.migration_parameters(
            "downtime-limit=50", "max-bandwidth=200M", "tls-hostname=b=c"));
    assertEquals(1, there.migration.asked().size());
    commands.migration_parameters();
    assertEquals(1, there.migration.asked().size());
  }

  @Test
  @DisplayName("migrate_decide says what became of it, and whether the guest is here")
  void decides() throws Exception {
    there.admin().migration().migrate("tcp:b:1");
    there.migration.become(MigrationState.UNDECIDED, 2);
    assertEquals(
        "migration to tcp:b:1: failed after 1.5 s: the peer is gone\nthe machine is up",
        commands.migrate_decide("here"));
    assertEquals("decide HERE ", there.migration.asked().getLast());
  }
}
