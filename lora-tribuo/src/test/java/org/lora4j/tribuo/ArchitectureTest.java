/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.factory.Nd4j;

/** Which package of this module may use which other one. */
class ArchitectureTest {

    private static final String ROOT = "org.lora4j.tribuo";

    private static final JavaClasses MAIN =
            new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages(ROOT);

    /** The layers, lowest first. A new package gets a line here, or the test below names it. */
    static Stream<Arguments> layers() {
        return Stream.of(
                arguments("protos", List.of()),
                arguments("input", List.of("protos")),
                arguments("output", List.of("protos")),
                arguments("base", List.of("input", "output")),
                arguments("text", List.of("input")),
                arguments("", List.of("protos", "input", "output", "base")));
    }

    private static String inRoot(String name) {
        return name.isEmpty() ? ROOT : ROOT + "." + name;
    }

    @ParameterizedTest(name = "[{index}] {0}")
    @MethodSource("layers")
    void package_usesOnlyWhatItsLineNames(String name, List<String> mayUse) {
        Set<String> allowed = mayUse.stream().map(ArchitectureTest::inRoot).collect(Collectors.toSet());
        allowed.add(inRoot(name));
        Set<String> forbidden = MAIN.stream()
                .map(JavaClass::getPackageName)
                .filter(other -> !allowed.contains(other))
                .collect(Collectors.toSet());

        noClasses()
                .that()
                .resideInAPackage(inRoot(name))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden.toArray(new String[0]))
                .check(MAIN);
    }

    @Test
    void everyPackage_hasItsLine() {
        Set<String> lines = layers().map(line -> inRoot((String) line.get()[0])).collect(Collectors.toSet());

        assertThat(MAIN.stream().map(JavaClass::getPackageName).collect(Collectors.toSet()))
                .isEqualTo(lines);
    }

    @Test
    void packages_haveNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(MAIN);
    }

    @Test
    void nobody_drawsFromAGlobalGenerator() {
        noClasses()
                .should()
                .callMethod(Nd4j.class, "getRandom")
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .callMethod(Collections.class, "shuffle", List.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Random.class)
                .check(MAIN);
    }

    @Test
    void nobody_usesWhatIsInternalInLoraDl4j() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.lora4j.internal..")
                .check(MAIN);
    }

    @Test
    void nobody_prints() {
        noClasses()
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(MAIN);
    }

    @Test
    void converters_knowNoNetworksAndNoTrainers() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".input", ROOT + ".output")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.deeplearning4j..", "org.nd4j.autodiff..", "org.lora4j.train..", "org.lora4j.dl4j..")
                .check(MAIN);
    }

    @Test
    void generatedClasses_stayBehindTheConverters() {
        classes()
                .that()
                .resideInAPackage(ROOT + ".protos")
                .should()
                .onlyHaveDependentClassesThat()
                .resideInAnyPackage(ROOT + ".protos", ROOT + ".input", ROOT + ".output", ROOT)
                .check(MAIN);
    }
}
