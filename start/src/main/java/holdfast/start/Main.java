package holdfast.start;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The main class of the executable jar. */
public final class Main {
  private static final int FAILED = 1;

  private Main() {}

  /** Runs the command, and ends the process with its exit status. */
  public static void main(String[] arguments) {
    // With the default locale the framework may write Java's version in digits that fit no bundle's
    // requirement. Everything that is printed is English.
    Locale.setDefault(Locale.ROOT);
    Output output = Output.replaceStandard();
    int status;
    try {
      status = run(List.of(arguments), output.stream());
    } catch (StartException e) {
      System.err.println("holdfast: " + OneLine.of("" + e.getMessage()));
      status = FAILED;
    } catch (IOException e) {
      System.err.println("holdfast: this jar is damaged (" + e.getMessage() + "); build it again");
      status = FAILED;
    } catch (InterruptedException e) {
      status = FAILED;
    }
    @Nullable IOException lost = output.finish();
    if (lost != null) {
      if (!Output.isPipe()) {
        System.err.println(
            "holdfast: what was to be printed could not be written to standard output ("
                + lost.getMessage()
                + "); what is there is not whole");
      }
      status = FAILED;
    }
    System.exit(status);
  }

  private static int run(List<String> arguments, PrintStream out)
      throws StartException, IOException, InterruptedException {
    // These need neither folder nor framework, and work where nothing can be written.
    switch (arguments.isEmpty() ? "-help" : arguments.getFirst().replaceFirst("^--", "-")) {
      case "-h", "-help" -> {
        try (InputStream usage = Product.open("usage.txt")) {
          usage.transferTo(out);
        }
        return 0;
      }
      case "-version" -> {
        out.println("holdfast " + new Product().version());
        return 0;
      }
      default -> {
        Optional<Probe> probe = Probe.find();
        return probe.isPresent()
            ? probe.get().run(arguments)
            : new Start(new Product(), GivenBundles.of(arguments)).run();
      }
    }
  }
}
