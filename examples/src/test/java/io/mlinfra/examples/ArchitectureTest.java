package io.mlinfra.examples;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/**
 * Holds the module table of docs/architecture.md: who may use whom, and which library lives where.
 */
class ArchitectureTest {
  private static final String ROOT = "io.mlinfra.";

  /** Per module the modules that it may use. */
  private static final Map<String, List<String>> MODULES =
      new TreeMap<>(
          Map.of(
              "core", List.of(),
              "registry", List.of("core"),
              "warehouse", List.of("core", "registry"),
              "features", List.of("core", "registry", "warehouse"),
              "training", List.of("core", "registry", "features"),
              "serving", List.of("core", "registry"),
              "monitoring", List.of("core")));

  /** Per module the libraries that it may use beside the JDK, Arrow, SLF4J and JSpecify. */
  private static final Map<String, List<String>> LIBRARIES =
      Map.of(
          "core", List.of(),
          "registry", List.of("com.fasterxml.jackson.."),
          "warehouse", List.of("org.duckdb.."),
          "features",
              List.of(
                  "com.github.benmanes.caffeine..",
                  "org.h2.mvstore..",
                  "redis.clients.jedis..",
                  "org.apache.commons.pool2.."),
          "training", List.of("org.nd4j.."),
          "serving", List.of("ai.onnxruntime.."),
          "monitoring", List.of());

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.mlinfra");

  @Test
  void modulesUseOnlyWhatTheTableAllows() {
    MODULES.forEach(
        (module, allowed) -> {
          List<String> packages =
              new ArrayList<>(
                  List.of(
                      "java..",
                      "javax.crypto..",
                      "javax.sql..",
                      "org.apache.arrow..",
                      "org.slf4j..",
                      "org.jspecify..",
                      "com.google.errorprone.."));
          packages.add(ROOT + module + "..");
          allowed.forEach(other -> packages.add(ROOT + other + ".."));
          packages.addAll(LIBRARIES.get(module));
          classes()
              .that(resideInAPackage(ROOT + module + ".."))
              .should()
              .onlyDependOnClassesThat(resideInAnyPackage(packages.toArray(String[]::new)))
              .check(CLASSES);
        });
  }

  @Test
  void onlyTheBackendPackageKnowsNd4j() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.mlinfra.training.backend..")
        .should()
        .dependOnClassesThat(resideInAPackage("org.nd4j.."))
        .check(CLASSES);
  }

  @Test
  void onlyTheOnlineStoreKnowsItsStorages() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.mlinfra.features.online..")
        .should()
        .dependOnClassesThat(resideInAnyPackage("org.h2..", "redis.."))
        .check(CLASSES);
  }

  @Test
  void definitionsKnowNoEngine() {
    noClasses()
        .that(resideInAnyPackage(ROOT + "features.view..", ROOT + "features.catalog.."))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                ROOT + "features.internal..",
                ROOT + "features.offline..",
                ROOT + "features.online.."))
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.mlinfra.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void nothingSurprisesAHost() {
    for (String module : MODULES.keySet()) {
      noClasses()
          .that(resideInAPackage(ROOT + module + ".."))
          .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
          .orShould()
          .callMethod(System.class, "setProperty", String.class, String.class)
          .orShould()
          .callMethod(Runtime.class, "addShutdownHook", Thread.class)
          .orShould()
          .callMethod(System.class, "exit", int.class)
          .check(CLASSES);
    }
  }

  @Test
  void everyPackageSaysWhereToStartAndIsNullMarked() {
    List<String> bare = new ArrayList<>();
    for (String module : MODULES.keySet()) {
      JavaPackage root = CLASSES.getPackage(ROOT + module);
      Stream.concat(Stream.of(root), root.getSubpackagesInTree().stream())
          .filter(each -> !each.getClasses().isEmpty())
          .filter(each -> each.tryGetAnnotationOfType(NullMarked.class).isEmpty())
          .forEach(each -> bare.add(each.getName()));
    }
    assertThat(bare).isEmpty();
  }

  @Test
  void noTestIsSkippedSilently() throws IOException {
    JavaClasses tests = new ClassFileImporter().importPaths(testClasses());
    assertThat(tests).hasSizeGreaterThan(10);
    noClasses()
        .should()
        .beAnnotatedWith(Disabled.class)
        .orShould()
        .callMethod(Assumptions.class, "assumeTrue", boolean.class)
        .orShould()
        .callMethod(Assumptions.class, "assumeFalse", boolean.class)
        .because("a test that does not run must say why")
        .check(tests);
  }

  /** The compiled tests of all modules; they stand before this one in the build. */
  private static List<Path> testClasses() throws IOException {
    try (Stream<Path> modules = Files.list(Path.of("..").toRealPath())) {
      return modules
          .map(module -> module.resolve("target/test-classes"))
          .filter(Files::isDirectory)
          .toList();
    }
  }
}
