package holdfast.launcher.internal.cli;

import org.osgi.framework.FrameworkUtil;

/** What the command says of itself. */
final class Usage {
  static final String TEXT =
      """
      usage: holdfast [-machine TYPE[,nvdimm=on]] [-m SIZE[,slots=N,maxmem=SIZE]]
                      [-object TYPE,id=ID,...]... [-device DRIVER,memdev=ID,...]...
                      [-probe [text|json]]
             holdfast demo

      Maps files into guest RAM and NVDIMMs, says how durable they are, and keeps them mapped.

        -machine TYPE,...   the machine: pc or q35; nvdimm=on lets it take nvdimm devices
        -m SIZE,...         its RAM (MiB without a suffix), slots and maxmem for devices
        -object TYPE,...    a memory backend, such as
                            memory-backend-file,id=m0,mem-path=FILE,size=256M,share=on,pmem=on
        -device DRIVER,...  a memory device, such as nvdimm,id=nv0,memdev=m0,label-size=2M
        -probe [text|json]  map everything, report what was obtained, end
        -help, -version     this text; the version

      -object help and -object TYPE,help list types and properties; the same for -device.
      With a terminal there is a shell; type help there. The demo shows it all in ten seconds.
      """;

  private Usage() {}

  static String version() {
    return "holdfast " + FrameworkUtil.getBundle(Usage.class).getVersion() + "\n";
  }
}
