/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;

/** The class files of all modules, read once for all rules. */
final class MainClasses {

    // Tests of other modules come in jars of their own in a whole build.
    static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(new DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("org.lora4j");

    private MainClasses() {}
}
