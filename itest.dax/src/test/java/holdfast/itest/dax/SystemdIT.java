package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The sample unit {@code dist/holdfast@.service}, unchanged, under a real systemd: the first
 * process of a guest, whose programs are the host's. The product stands in {@code /opt/holdfast},
 * as the unit says; memory is in {@code /var/lib/holdfast}, which is tmpfs here.
 */
@NeedsGuest
@DisplayName("the unit under systemd")
class SystemdIT {
  private static final String OPTIONS =
      "-machine pc,nvdimm=on -m 16M,slots=2,maxmem=1G"
          + " -object memory-backend-file,id=nv,mem-path=/var/lib/holdfast/%s.img,size=8M,share=on"
          + " -device nvdimm,id=nv0,memdev=nv";

  private static Guest guest;

  @BeforeAll
  static void boot() throws IOException, InterruptedException {
    assumeTrue(
        Files.isExecutable(Path.of("/lib/systemd/systemd"))
            && Files.isExecutable(Path.of("/usr/sbin/useradd")),
        "systemd isn't here: install systemd and passwd");
    String kernel = "holdfast.init=systemd systemd.unit=holdfast-session.service fstab=no";
    guest = Guest.boot(new Board("usb=off", "2048M", kernel, List.of()));
    guest
        .run(
            """
            set -e
            useradd --system holdfast
            mkdir -p /opt/holdfast/cnf /opt/holdfast/dist/target /etc/holdfast /var/lib/holdfast
            mount -t tmpfs tmpfs /var/lib/holdfast
            cp %s /opt/holdfast/holdfast
            cp %s /opt/holdfast/cnf
            cp %s/holdfast.jar %s/holdfast-ctl.jar /opt/holdfast/dist/target
            touch /opt/holdfast/dist/target/built
            cp '%s' /etc/systemd/system
            systemctl daemon-reload
            """
                .formatted(
                    Build.path("holdfast"),
                    Build.path("cnf/find-jdk.sh"),
                    Build.path("dist/target"),
                    Build.path("dist/target"),
                    Build.path("dist/holdfast@.service")))
        .lines();
  }

  @AfterAll
  static void end() {
    if (guest != null) {
      guest.close();
    }
  }

  private static void configure(String name, String options) throws Exception {
    // under emulation the compiler C2 costs more than it gains
    String java = "-XX:TieredStopAtLevel=1 -XX:UseAVX=0";
    guest
        .run(
            "cat > /etc/holdfast/%s.conf <<END\nJAVA_HOME=%s\nHOLDFAST_JAVA_OPTS=%s\nMACHINE=%s\nEND"
                .formatted(name, System.getProperty("java.home"), java, options))
        .lines();
  }

  private static String property(String name, String property) throws Exception {
    return guest
        .run("systemctl show --value -p " + property + " holdfast@" + name)
        .lines()
        .getFirst();
  }

  private static void start(String name) throws Exception {
    guest.run("systemctl start holdfast@" + name).lines(); // returns when it has said READY=1

    assertEquals("active", property(name, "ActiveState"));
    assertEquals("the machine is up", property(name, "StatusText"));
  }

  @Test
  @DisplayName(
      "started, swapped within its hardening, killed, started again, stopped: as systemd tells it")
  void serves() throws Exception {
    configure("vm1", OPTIONS.formatted("vm1"));
    start("vm1");
    assertEquals("holdfast", guest.run("stat -c %U /var/lib/holdfast/vm1.img").lines().getFirst());
    List<String> swapped =
        guest
            .run(
                "/opt/holdfast/holdfast ctl /run/holdfast-vm1/qmp"
                    + " swap nv mem-path=/var/lib/holdfast/b.img")
            .lines();
    assertTrue(swapped.getLast().contains("done: 8M copied in "), swapped::toString);

    guest
        .run(
            "systemctl kill -s KILL holdfast@vm1;"
                + " until systemctl is-failed -q holdfast@vm1; do sleep 0.1; done")
        .lines();
    assertEquals("signal", property("vm1", "Result"));

    configure("vm1", OPTIONS.formatted("b"));
    start("vm1");
    guest.run("systemctl stop holdfast@vm1").lines();
    assertEquals("inactive", property("vm1", "ActiveState"));
    assertEquals("success", property("vm1", "Result"));
    assertEquals(1, guest.run("test -e /run/holdfast-vm1").status());
    List<String> journal =
        guest.run("journalctl -o cat -p info..info -u holdfast@vm1 --no-pager").lines();
    assertTrue(
        journal.stream().anyMatch(line -> line.contains("the machine is up: memory backends nv")),
        journal::toString);
  }

  @Test
  @DisplayName(
      "a file where the unit may not write fails the start; the journal has the sentence, as an"
          + " error")
  void fails() throws Exception {
    configure(
        "vm2",
        OPTIONS.formatted("vm2") + " -object memory-backend-file,id=x,size=1M,mem-path=/opt/x");

    assertNotEquals(0, guest.run("systemctl start holdfast@vm2").status());

    assertEquals("failed", property("vm2", "ActiveState"));
    List<String> journal = guest.run("journalctl -o cat -p err -u holdfast@vm2 --no-pager").lines();
    assertTrue(
        journal.stream().anyMatch(line -> line.contains("/opt/x") && line.contains("EROFS")),
        journal::toString);
  }
}
