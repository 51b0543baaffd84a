package holdfast.examples.emulator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;

@DisplayName("the emulator on KVM")
class KvmEmulatorIT extends EmulatorContract {

  @Override
  String engine() {
    return "kvm";
  }

  @Override
  String board() {
    return "pc";
  }

  @Override
  void assumeEngine() {
    assumeTrue(
        Files.isReadable(Path.of("/dev/kvm")) && Files.isWritable(Path.of("/dev/kvm")),
        "no guest code can be run here: this process can't open /dev/kvm");
  }
}
