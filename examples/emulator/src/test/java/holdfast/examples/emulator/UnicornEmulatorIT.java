package holdfast.examples.emulator;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import org.junit.jupiter.api.DisplayName;

@DisplayName("the emulator on Unicorn")
class UnicornEmulatorIT extends EmulatorContract {

  @Override
  String engine() {
    return "unicorn";
  }

  @Override
  String board() {
    return "virt,x-ram-base=0x80000000";
  }

  /** Skips the tests where Unicorn can't be had, unless it has to be. */
  @Override
  void assumeEngine() {
    if (!"required".equals(System.getProperty("holdfast.test.unicorn"))) {
      assumeTrue("amd64".equals(System.getProperty("os.arch")), "Unicorn's hosts are of x86-64");
      try {
        SymbolLookup.libraryLookup("libunicorn.so.2", Arena.global());
      } catch (IllegalArgumentException absent) {
        abort("libunicorn.so.2 is not there: install the Debian package libunicorn2");
      }
    }
  }
}
