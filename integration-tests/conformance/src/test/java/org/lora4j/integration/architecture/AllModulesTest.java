/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What holds in all modules together. One class, as reading all class files takes longer than looking at them. */
class AllModulesTest {

    @Nested
    class StrangersFiles extends StrangersFilesTest {}

    @Nested
    class WrittenFiles extends WrittenFilesTest {}

    @Test
    void examples_useNothingInternal_asUsersDo() {
        noClasses()
                .that()
                .resideInAnyPackage("org.lora4j.integration..", "org.lora4j.examples..")
                .and()
                .resideOutsideOfPackage("org.lora4j.integration.benchmark..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.lora4j.internal..")
                .check(MainClasses.ALL);
    }
}
