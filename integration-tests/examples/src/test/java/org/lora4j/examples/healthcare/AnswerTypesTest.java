/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.healthcare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.examples.MedQuad;
import org.lora4j.text.LabeledText;

class AnswerTypesTest {

    @TempDir
    Path folder;

    @Test
    void parts_haveNoTextInCommon_andNoMoreThanWasAskedFor() throws IOException {
        StringBuilder rows = new StringBuilder("source\tdocument\tfocus\ttype\tquestion\tanswer\n");
        for (int i = 0; i < 400; i++) {
            rows.append("site\t%d\tfocus %d\ttype %d\tquestion\tanswer %d\n".formatted(i / 4, i / 4, i % 4, i));
        }
        Path file = Files.writeString(folder.resolve("rows.tsv"), rows);

        AnswerTypes.Parts parts = AnswerTypes.Parts.of(MedQuad.read(file), 100, 1);

        assertThat(parts.train()).hasSize(60);
        assertThat(parts.validation()).hasSize(13);
        assertThat(parts.test()).hasSize(27);
        Set<LabeledText> all = new HashSet<>(parts.train());
        all.addAll(parts.validation());
        all.addAll(parts.test());
        assertThat(all).hasSize(100);
    }
}
