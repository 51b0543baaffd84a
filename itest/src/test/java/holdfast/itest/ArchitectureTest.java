package holdfast.itest;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import holdfast.backend.api.HoldfastException;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Set;
import java.util.stream.Stream;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The folders of {@code docs/design.md} and what each may use, held against the classes of all
 * modules. A rule that finds no class to judge fails.
 */
@AnalyzeClasses(packages = "holdfast", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String CLI = "holdfast.launcher.internal.cli..";

  /** On the class path of the executable jar: the first to begin and the last to end. */
  private static final String START = "holdfast.start..";

  /** A process of its own, which reaches a machine by its monitor. */
  private static final String CTL = "holdfast.ctl..";

  /** Built upon Holdfast, as somebody else's bundle. */
  private static final String EXAMPLES = "holdfast.examples..";

  @ArchTest static final ArchRule backendApi = module("backend.api");

  @ArchTest static final ArchRule machineApi = module("machine.api", "holdfast.backend.api");

  @ArchTest static final ArchRule linuxHost = module("host.linux", "org.slf4j", "com.sun.jna..");

  @ArchTest
  static final ArchRule hostTestkit =
      module("host.testkit", "holdfast.host.linux", "org.junit.jupiter.api..");

  @ArchTest
  static final ArchRule mapper =
      module(
          "backend.mmap",
          "holdfast.backend.api",
          "holdfast.host.linux",
          "org.slf4j",
          "jdk.internal.misc");

  @ArchTest
  static final ArchRule fileAllocator =
      module(
          "backend.file",
          "holdfast.backend.api",
          "holdfast.backend.mmap",
          "holdfast.backend.mmap.style",
          "org.slf4j",
          "org.osgi.service.component.annotations",
          "org.osgi.service.metatype.annotations");

  @ArchTest
  static final ArchRule daxAllocator =
      module(
          "backend.dax",
          "holdfast.backend.api",
          "holdfast.backend.mmap",
          "holdfast.backend.mmap.style",
          "org.slf4j",
          "org.osgi.service.component.annotations",
          "org.osgi.service.metatype.annotations");

  @ArchTest
  static final ArchRule testkit =
      module(
          "backend.testkit",
          "holdfast.backend.api",
          "holdfast.backend.mmap",
          "holdfast.backend.mmap.style",
          "holdfast.host.linux",
          "holdfast.host.testkit",
          "org.junit.jupiter.api..");

  @ArchTest
  static final ArchRule machineConfig =
      module(
          "machine.config",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule machineAcpi =
      module("machine.acpi", "holdfast.backend.api", "holdfast.machine.api");

  @ArchTest
  static final ArchRule machineAdmin =
      module("machine.admin", "holdfast.backend.api", "holdfast.machine.api");

  @ArchTest
  static final ArchRule monitorShell =
      module(
          "monitor.shell",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "holdfast.machine.admin",
          "holdfast.machine.config..",
          "org.slf4j",
          "org.osgi.framework",
          "org.osgi.service.component.annotations",
          "org.apache.felix.service.command",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule monitorHealth =
      module(
          "monitor.health",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "holdfast.machine.admin",
          "org.apache.felix.hc.api",
          "org.osgi.service.component.annotations");

  @ArchTest
  static final ArchRule monitorMetrics =
      module(
          "monitor.metrics",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "holdfast.machine.admin",
          "holdfast.machine.config..",
          "org.slf4j",
          "org.osgi.framework",
          "org.osgi.service.component.annotations",
          "javax.management..",
          "com.sun.net.httpserver",
          "io.prometheus..");

  /** Who wants beans alone needs no HTTP server, and who wants that no beans. */
  @ArchTest
  static final ArchRule noPackagesOfTheMetricsFormACircle =
      slices().matching("holdfast.monitor.metrics.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule monitorQmp =
      module(
          "monitor.qmp",
          "holdfast.backend.api",
          "holdfast.host.linux.files",
          "holdfast.machine.api",
          "holdfast.machine.admin",
          "holdfast.machine.config..",
          "holdfast.monitor.shell.command",
          "holdfast.monitor.shell.report",
          "org.slf4j",
          "org.osgi.framework",
          "org.osgi.service.component.annotations",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule machineCore =
      module(
          "machine.core",
          "holdfast.backend.api",
          "holdfast.machine.admin",
          "holdfast.machine.api",
          "holdfast.machine.config..",
          "org.slf4j");

  @ArchTest
  static final ArchRule machineCopy =
      module("machine.copy", "holdfast.backend.api", "holdfast.machine.api", "org.slf4j");

  @ArchTest
  static final ArchRule machineMigration =
      module(
          "machine.migration",
          "holdfast.backend.api",
          "holdfast.host.linux",
          "holdfast.host.linux.files",
          "holdfast.machine.admin",
          "holdfast.machine.api",
          "holdfast.machine.config..",
          "holdfast.machine.copy",
          "holdfast.machine.core",
          "holdfast.machine.swap",
          "org.slf4j",
          "javax.net.ssl",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule machineNvdimm =
      module("machine.nvdimm", "holdfast.backend.api", "holdfast.machine.api", "org.slf4j");

  @ArchTest
  static final ArchRule vcpuApi =
      module("vcpu.api", "holdfast.backend.api", "holdfast.machine.api", "org.slf4j");

  @ArchTest
  static final ArchRule vcpuKvm =
      module(
          "vcpu.kvm",
          "holdfast.backend.api",
          "holdfast.host.linux",
          "holdfast.machine.api",
          "holdfast.vcpu.api..",
          "org.slf4j");

  @ArchTest
  static final ArchRule vcpuUnicorn =
      module(
          "vcpu.unicorn",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "holdfast.vcpu.api..",
          "org.slf4j");

  @ArchTest
  static final ArchRule machineSwap =
      module(
          "machine.swap",
          "holdfast.backend.api",
          "holdfast.host.linux",
          "holdfast.host.linux.files",
          "holdfast.machine.admin",
          "holdfast.machine.api",
          "holdfast.machine.config..",
          "holdfast.machine.copy",
          "holdfast.machine.core",
          "org.slf4j",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule launcher =
      module(
          "launcher",
          "holdfast.backend.api",
          "holdfast.host.linux",
          "holdfast.host.linux.files",
          "holdfast.machine.admin",
          "holdfast.machine.api",
          "holdfast.machine.config..",
          "holdfast.machine.copy",
          "holdfast.machine.core",
          "holdfast.machine.migration",
          "holdfast.machine.swap",
          "holdfast.monitor.shell.command",
          "holdfast.monitor.shell.report",
          "org.slf4j",
          "org.osgi..",
          "org.apache.felix.service.command",
          "org.apache.felix.gogo.jline",
          "org.jline..",
          "javax.xml..",
          "org.w3c.dom..",
          "org.xml.sax..");

  @ArchTest
  static final ArchRule start = module("start", "org.osgi..", "org.slf4j..", "ch.qos.logback..");

  @ArchTest
  static final ArchRule ctl =
      module("ctl", "holdfast.machine.config.options", "com.fasterxml.jackson..", "org.jline..");

  /** What anybody can use who copies it. */
  @ArchTest
  static final ArchRule demo =
      module(
          "examples.demo",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "holdfast.machine.admin",
          "org.osgi.framework",
          "org.osgi.service.component.annotations");

  /** What anybody can use who copies it. */
  @ArchTest
  static final ArchRule emulatorExamples =
      module(
          "examples.emulator",
          "holdfast.backend.api",
          "holdfast.machine.api",
          "holdfast.machine.admin",
          "holdfast.machine.core",
          "holdfast.vcpu.api",
          "holdfast.vcpu.kvm",
          "holdfast.vcpu.unicorn");

  @ArchTest
  static final ArchRule onlyTheCommandLineHasATerminal =
      noClasses()
          .that()
          .resideOutsideOfPackages(CLI, CTL)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.felix.gogo..", "org.jline..");

  /** A module uses itself, Java, annotations for tools, and the packages {@code allowed}. */
  private static ArchRule module(String folder, String... allowed) {
    String own = "holdfast." + folder + "..";
    Stream<String> everywhere =
        Stream.of(own, "java..", "org.jspecify.annotations", "org.osgi.annotation..");
    return classes()
        .that()
        .resideInAPackage(own)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(Stream.concat(everywhere, Stream.of(allowed)).toArray(String[]::new));
  }

  @ArchTest
  static final ArchRule internalPackagesStayInTheirModule =
      classes()
          .should(
              new ArchCondition<>("use no internal package of another module") {
                @Override
                public void check(JavaClass user, ConditionEvents events) {
                  user.getDirectDependenciesFromSelf().stream()
                      .filter(ArchitectureTest::isForeignInternal)
                      .map(use -> SimpleConditionEvent.violated(use, use.getDescription()))
                      .forEach(events::add);
                }
              });

  private static boolean isForeignInternal(Dependency use) {
    String used = use.getTargetClass().getBaseComponentType().getPackageName() + ".";
    int internal = used.indexOf(".internal.");
    return used.startsWith("holdfast.")
        && internal >= 0
        && !(use.getOriginClass().getPackageName() + ".")
            .startsWith(used.substring(0, internal + 1));
  }

  /** Whoever catches the base has all that an operator is to be told. */
  @ArchTest
  static final ArchRule checkedExceptionsHaveASentence =
      classes()
          .that()
          .areAssignableTo(Exception.class)
          .and()
          .areNotAssignableTo(RuntimeException.class)
          .and()
          .resideInAnyPackage(
              "holdfast.backend.api",
              "holdfast.machine.api",
              "holdfast.machine.config..",
              "holdfast.machine.core..",
              "holdfast.vcpu..")
          .should()
          .beAssignableTo(HoldfastException.class);

  /**
   * What is exported says who implements it: Holdfast, whose users a new method does not concern,
   * or its users, whom it does. bnd's baselining goes by that.
   */
  @ArchTest
  static final ArchRule exportedTypesSayWhoImplementsThem =
      classes()
          .that(
              describe(
                  "are exported, and interfaces or abstract classes",
                  type ->
                      type.getPackage().isAnnotatedWith(Export.class)
                          && isReachable(type)
                          && !type.isEnum()
                          && type.getModifiers().contains(JavaModifier.ABSTRACT)))
          .should()
          .beAnnotatedWith(ProviderType.class)
          .orShould()
          .beAnnotatedWith(ConsumerType.class);

  /** Whether a type and those around it are public or protected. */
  private static boolean isReachable(JavaClass type) {
    Set<JavaModifier> modifiers = type.getModifiers();
    return (modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED))
        && type.getEnclosingClass().map(ArchitectureTest::isReachable).orElse(true);
  }

  /** Calls of the C library go through JNA, and nothing else does. */
  @ArchTest
  static final ArchRule onlyTheLinuxHostUsesJna =
      noClasses()
          .that()
          .resideOutsideOfPackage("holdfast.host.linux.internal")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("com.sun.jna..");

  /**
   * What calls of the C library look like is apart from how they are made; what a service manager
   * is told has one call of its own.
   */
  @ArchTest
  static final ArchRule onlyItsFactoryKnowsTheRealLibc =
      noClasses()
          .that()
          .resideInAnyPackage("holdfast.host.linux", "holdfast.host.linux.files")
          .and()
          .doNotHaveSimpleName("HostLibc")
          .and()
          .doNotHaveSimpleName("ServiceManager")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("holdfast.host.linux.internal");

  /**
   * A cache flush is the JDK's own or libpmem's, and a window makes segments of addresses; Unicorn
   * calls back, which through JNA would cost ten times as much.
   */
  @ArchTest
  static final ArchRule onlyTheMapperAndUnicornReachNativeCodeWithoutJna =
      noClasses()
          .that()
          .resideOutsideOfPackages("holdfast.backend.mmap..", "holdfast.vcpu.unicorn.internal")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("sun..", "jdk.internal..")
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(Linker.class, SymbolLookup.class)
          .orShould()
          .accessTargetWhere(isUnsafe());

  private static DescribedPredicate<JavaAccess<?>> isUnsafe() {
    return describe(
        "a segment is stretched or a library loaded",
        access -> {
          JavaClass owner = access.getTargetOwner();
          return switch (access.getTarget().getName()) {
            case "reinterpret" -> owner.isAssignableTo(MemorySegment.class);
            case "load", "loadLibrary" ->
                owner.isEquivalentTo(System.class) || owner.isEquivalentTo(Runtime.class);
            default -> false;
          };
        });
  }

  @ArchTest static final ArchRule machine = launcherPackage("machine");

  @ArchTest static final ArchRule swap = launcherPackage("swap", "machine");

  @ArchTest static final ArchRule metatype = launcherPackage("metatype", "machine");

  @ArchTest static final ArchRule admin = launcherPackage("admin", "machine", "swap");

  @ArchTest static final ArchRule libvirt = launcherPackage("libvirt");

  @ArchTest
  static final ArchRule onlyLibvirtIsXml =
      noClasses()
          .that()
          .resideOutsideOfPackage("holdfast.launcher.internal.libvirt")
          .and()
          .resideInAPackage("holdfast..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("javax.xml..", "org.w3c.dom..", "org.xml.sax..");

  @ArchTest
  static final ArchRule nobodyKnowsTheCommandLine =
      noClasses()
          .that()
          .resideOutsideOfPackage(CLI)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(CLI);

  /** A package of the launcher uses, of the launcher, itself and the packages {@code allowed}. */
  private static ArchRule launcherPackage(String name, String... allowed) {
    String own = "holdfast.launcher.internal." + name;
    Stream<String> others = Stream.of(allowed).map(other -> "holdfast.launcher.internal." + other);
    return classes()
        .that()
        .resideInAPackage(own)
        .should()
        .onlyDependOnClassesThat(
            JavaClass.Predicates.resideOutsideOfPackage("holdfast.launcher..")
                .or(
                    JavaClass.Predicates.resideInAnyPackage(
                        Stream.concat(Stream.of(own), others).toArray(String[]::new))));
  }

  @ArchTest
  static final ArchRule noPackagesFormACircle =
      slices().matching("holdfast.launcher.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule noPackagesOfTheMachineFormACircle =
      slices().matching("holdfast.machine.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule noPackagesOfTheBackendsFormACircle =
      slices().matching("holdfast.backend.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyTheStartEndsTheJvm =
      noClasses()
          .that()
          .resideOutsideOfPackages(START, "holdfast.examples.emulator..")
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);

  @ArchTest
  static final ArchRule onlyTheCommandLinePrints =
      noClasses()
          .that()
          .resideOutsideOfPackages(CLI, START, CTL, EXAMPLES)
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err")
          .orShould()
          .callMethod(Throwable.class, "printStackTrace");
}
