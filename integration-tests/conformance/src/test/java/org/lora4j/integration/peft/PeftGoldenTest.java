/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.integration.peft.cases.CaseFolders;
import org.lora4j.integration.peft.host.Dl4jHost;
import org.lora4j.integration.peft.host.SameDiffHost;
import org.opentest4j.TestAbortedException;

/** Every golden case of PEFT in the resources of {@code lora-dl4j-core}, one test each in each host. */
class PeftGoldenTest {

    private static final String RESOURCES = "../../lora-dl4j/core/src/test/resources/";

    static final String FIXTURES = RESOURCES + "peft";

    private static final String OTHER_BASES = RESOURCES + "peft-other-bases";

    @TestFactory
    Stream<DynamicTest> casesInSameDiff() throws IOException {
        return tests(CaseRunner.of(new SameDiffHost()));
    }

    @TestFactory
    Stream<DynamicTest> casesInDeeplearning4j() throws IOException {
        return tests(CaseRunner.ofNetworks(new Dl4jHost()));
    }

    private static Stream<DynamicTest> tests(CaseRunner runner) throws IOException {
        return CaseFolders.find(FIXTURES + File.pathSeparator + OTHER_BASES, Path.of("")).stream()
                .map(folder ->
                        DynamicTest.dynamicTest(folder.getFileName().toString(), () -> check(runner.run(folder))));
    }

    private static void check(CaseResult result) {
        if (result.status() == Status.UNSUPPORTED) {
            throw new TestAbortedException("unsupported: " + result.reason());
        }
        assertThat(result.status()).as(result.line()).isEqualTo(Status.PASSED);
    }
}
