/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;

/** The class files of all modules of the library, read once for all rules. */
final class MainClasses {

    /** Leaves out tests, also those of other modules, which in a whole build come in jars of their own. */
    private static final ImportOption WITHOUT_TESTS =
            location -> new DoNotIncludeTests().includes(location) && !location.contains("-tests.jar");

    /** All of them. */
    static final JavaClasses ALL =
            new ClassFileImporter().withImportOption(WITHOUT_TESTS).importPackages("org.lora4j");

    private MainClasses() {}
}
