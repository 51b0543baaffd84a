package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MachineAdmin;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What {@code help} says of each command. */
class HelpTest {
  /** Help asks the machine nothing. */
  private final RamCommandTable table =
      new RamCommandTable(
          (MachineAdmin)
              Proxy.newProxyInstance(
                  MachineAdmin.class.getClassLoader(),
                  new Class<?>[] {MachineAdmin.class},
                  (proxy, method, arguments) -> {
                    throw new AssertionError(method);
                  }));

  @Test
  @DisplayName("each command has its purpose and its arguments, and one that takes any an example")
  void everyCommand() throws Exception {
    for (String name : table.names()) {
      String help = table.run(List.of("help", name)).text();
      assertTrue(help.startsWith(name + ": " + table.purpose(name)), help);
      Optional<String> example = Forms.example(name);
      assertEquals(!table.arguments(name).equals("no arguments"), example.isPresent(), name);
      if (example.isPresent()) {
        assertTrue(help.endsWith("for example: " + example.get() + "\n"), help);
        assertTrue(example.get().startsWith("ram:" + name + " "), example.get());
      }
    }
  }

  @Test
  @DisplayName("the list has every command, in lines that fit a terminal of 60 columns")
  void list() throws Exception {
    String list = table.run(List.of("help")).text();
    for (String name : table.names()) {
      assertTrue(list.contains("\n" + name + " ") || list.startsWith(name + " "), name);
    }
    assertTrue(list.lines().allMatch(line -> line.length() <= 60), list);
  }
}
