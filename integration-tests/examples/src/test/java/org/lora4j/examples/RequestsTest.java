/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.LabeledText;

class RequestsTest {

    @Test
    void texts_byTheirNumbers_haveNothingInCommon_andAreAsManyOfEachIntent(@TempDir Path folder) throws IOException {
        Example example =
                new Example("example-x", new PrintStream(PrintStream.nullOutputStream()), "none", folder.toString());
        Requests requests = Requests.of(example).orElseThrow();

        List<LabeledText> first = requests.texts("train", "banking", 0, 20, 7);
        List<LabeledText> next = requests.texts("train", "banking", 20, 30, 7);

        assertThat(requests.domains()).hasSize(10).contains("banking", "travel");
        assertThat(first).hasSize(300).doesNotContainAnyElementsOf(next);
        assertThat(next).hasSize(150).extracting(LabeledText::labels).contains(List.of("balance"));
        assertThat(requests.texts("train", "banking", 0, 5, 7)).hasSize(75).isSubsetOf(first);
        assertThat(requests.texts("train", "banking", 0, 20, 8)).isNotEqualTo(first);
    }
}
