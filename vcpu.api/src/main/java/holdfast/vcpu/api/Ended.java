package holdfast.vcpu.api;

import java.util.List;
import java.util.stream.Collectors;
import org.osgi.annotation.versioning.ProviderType;

/** The guest can't go on: it shut itself down, or the engine can't run it. */
@ProviderType
public sealed interface Ended extends VcpuExit {

  /** Returns a sentence for an operator. */
  String sentence();

  /**
   * The guest is shut down, on x86 by a triple fault: an exception for which it has no handler, nor
   * one for that.
   */
  record Shutdown() implements Ended {
    @Override
    public String sentence() {
      return "the guest shut down (on x86: a triple fault)";
    }
  }

  /**
   * The CPU did not enter the guest, since its state is not one that it takes.
   *
   * @param reason the hardware's number
   */
  record EntryFailed(long reason) implements Ended {
    @Override
    public String sentence() {
      return "the CPU did not enter the guest: reason 0x"
          + Long.toHexString(reason)
          + "; its registers do not fit together";
    }
  }

  /**
   * The engine can't run this code, or has failed.
   *
   * @param what what the engine calls it
   * @param code the engine's number
   * @param data what else it tells, such as the bytes of the instruction; may be empty
   */
  record EngineError(String what, long code, List<Long> data) implements Ended {
    /** Keeps a copy of the list. */
    public EngineError {
      data = List.copyOf(data);
    }

    @Override
    public String sentence() {
      String details =
          data.stream()
              .map(number -> "0x" + Long.toHexString(number))
              .collect(Collectors.joining(" "));
      return "the engine can't go on: "
          + what
          + " ("
          + code
          + (details.isEmpty() ? "" : ": " + details)
          + ")";
    }
  }
}
