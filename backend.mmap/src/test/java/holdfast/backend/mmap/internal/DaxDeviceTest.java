package holdfast.backend.mmap.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read of a DAX device, from sysfs trees as a test wants them. */
class DaxDeviceTest {
  @TempDir Path sysfs;

  private Path device(String subsystem) throws IOException {
    Path bus = Files.createDirectories(sysfs.resolve("bus/" + subsystem));
    Path device = Files.createDirectories(sysfs.resolve("devices/x/dax0.0"));
    Files.createSymbolicLink(device.resolve("subsystem"), bus);
    Path numbers = Files.createDirectories(sysfs.resolve("dev/char"));
    return Files.createSymbolicLink(numbers.resolve("252:3"), device);
  }

  private static void write(Path attribute, String text) throws IOException {
    Files.createDirectories(attribute.getParent());
    Files.writeString(attribute, text);
  }

  private Optional<DaxDevice> find() throws IOException {
    return DaxDevice.find(sysfs, 252, 3);
  }

  @Test
  @DisplayName("size and alignment are the device's attributes")
  void sizeAndAlignment() throws IOException {
    Path device = device("dax");
    write(device.resolve("size"), "67108864\n");
    write(device.resolve("align"), "2097152\n");
    assertEquals(Optional.of(new DaxDevice(64 << 20, 2 << 20)), find());
  }

  @Test
  @DisplayName("a device without an alignment of its own has that of its region")
  void alignmentOfTheRegion() throws IOException {
    Path device = device("dax");
    write(device.resolve("size"), "67108864\n");
    write(device.resolve("dax_region/align"), "0x200000\n");
    assertEquals(Optional.of(new DaxDevice(64 << 20, 2 << 20)), find());
  }

  @Test
  @DisplayName("a device of another subsystem is no DAX device, nor is one without a subsystem")
  void otherDevices() throws IOException {
    device("mem");
    assertEquals(Optional.empty(), find());
    assertEquals(Optional.empty(), DaxDevice.find(sysfs, 1, 3));
    assertEquals(Optional.empty(), DaxDevice.find(sysfs.resolve("not-mounted"), 252, 3));
  }

  @Test
  @DisplayName("a subsystem that only ends in the letters is another one")
  void aSubsystemOfASimilarName() throws IOException {
    device("notdax");
    assertEquals(Optional.empty(), find());
  }

  @Test
  @DisplayName("a DAX device without a size is an IOException that names the attribute")
  void withoutASize() throws IOException {
    write(device("dax").resolve("align"), "4096\n");
    assertTrue(assertThrows(IOException.class, this::find).getMessage().endsWith("size"));
  }

  @Test
  @DisplayName("a DAX device without an alignment is an IOException that names the attribute")
  void withoutAnAlignment() throws IOException {
    write(device("dax").resolve("size"), "4096\n");
    assertTrue(assertThrows(IOException.class, this::find).getMessage().endsWith("align"));
  }

  @Test
  @DisplayName("an attribute that holds no number is an IOException with what it holds")
  void noNumber() throws IOException {
    Path device = device("dax");
    write(device.resolve("size"), "plenty\n");
    String sentence = assertThrows(IOException.class, this::find).getMessage();
    assertTrue(sentence.contains("'plenty'") && sentence.contains("size"), sentence);
    write(device.resolve("size"), "");
    assertThrows(IOException.class, this::find);
  }
}
