package holdfast.launcher.internal.cli;

import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The interactive shell on the terminal, until its user leaves it. */
final class Shell {
  private static final Logger LOG = LoggerFactory.getLogger(Shell.class);

  private final CommandProcessor processor;

  Shell(CommandProcessor processor) {
    this.processor = processor;
  }

  @SuppressWarnings("IllegalCatch") // CommandSession.execute declares Exception
  void run() {
    try (CommandSession session = processor.createSession(System.in, System.out, System.err)) {
      session.execute("gosh --login --noshutdown");
    } catch (Exception e) {
      LOG.error("the shell ended: {}", e.toString());
    }
  }
}
