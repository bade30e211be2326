/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.Entity;

/** What comes with the examples is what was published, and is split as it has to be. */
class ShippedSetsTest {

    @TempDir
    Path folder;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private Example example() throws IOException {
        return new Example(
                "example-test",
                new PrintStream(said, true),
                folder.resolve("nowhere").toString(),
                folder.resolve("out").toString());
    }

    private MedQuad medQuad() throws IOException {
        return MedQuad.read(example().data(MedQuad.FILE).orElseThrow());
    }

    @Test
    void medQuad_hasEachAnswerOnce_andTenLargeTypes() throws IOException {
        MedQuad all = medQuad();

        assertThat(all.answers()).hasSize(5454);
        assertThat(all.answers())
                .allMatch(answer ->
                        answer.text().length() <= 400 && !answer.text().isBlank());
        assertThat(all.ofTypesWith(200).answers()).hasSize(5291);
        assertThat(all.ofTypesWith(200).answers().stream()
                        .map(MedQuad.Answer::type)
                        .distinct())
                .hasSize(10)
                .contains("symptoms", "prevention")
                .doesNotContain("stages", "frequency");
    }

    @Test
    void medQuad_parts_haveNeitherDocumentNorFocusInCommon() throws IOException {
        MedQuad all = medQuad();

        List<List<MedQuad.Answer>> parts = all.parts(7, 0.2, 0.1);

        assertThat(parts).hasSize(3);
        assertThat(parts.stream().mapToInt(List::size).sum()).isEqualTo(5454);
        assertThat(parts.get(0).size() / 5454.0).isEqualTo(0.2, within(0.02));
        assertThat(parts.get(1).size() / 5454.0).isEqualTo(0.1, within(0.02));
        Set<String> seen = new HashSet<>();
        for (List<MedQuad.Answer> part : parts) {
            Set<String> own = part.stream()
                    .flatMap(answer -> Stream.of(answer.focus(), answer.document()))
                    .collect(Collectors.toSet());
            assertThat(seen).doesNotContainAnyElementsOf(own);
            seen.addAll(own);
        }
        assertThat(all.parts(7, 0.2, 0.1)).isEqualTo(parts);
        assertThat(all.parts(8, 0.2, 0.1)).isNotEqualTo(parts);
    }

    @Test
    void voiceCommands_haveSevenIntents_andSlotsAtTheirWords() throws IOException {
        List<VoiceCommand> train =
                VoiceCommand.read(example().data(VoiceCommand.TRAIN).orElseThrow());
        List<VoiceCommand> test =
                VoiceCommand.read(example().data(VoiceCommand.TEST).orElseThrow());

        assertThat(train).hasSize(13_784);
        assertThat(test).hasSize(700);
        assertThat(test.stream()
                        .map(command -> command.intent().labels().get(0))
                        .distinct())
                .hasSize(7);
        VoiceCommand second = test.get(1);
        assertThat(second.intent().text()).isEqualTo("Add Andy Hunter to my Evening Commute playlist.");
        assertThat(second.slots().entities())
                .containsExactly(
                        new Entity("artist", 1, 3), new Entity("playlist_owner", 4, 5), new Entity("playlist", 5, 7));
    }

    @Test
    void patients_areReadAndScaled_fromTheSharedFolderAlone() throws IOException {
        assertThat(example().data(Patient.FILE)).isEmpty();
        assertThat(said.toString()).hasLineCount(1).contains("breast_cancer.csv", "python3-sklearn");

        Path file = folder.resolve("table.csv");
        String zeros = ",0,0,0,0,0,0,0,0,0,0";
        Files.writeString(
                file,
                "2,30,malignant,benign\n1,2,3,4,5,6,7,8,9,10" + zeros + ",11,12,13,14,15,16,17,18,19,20,0\n"
                        + "3,4,5,6,7,8,9,10,11,12" + zeros + ",21,22,23,24,25,26,27,28,29,30,1\n");
        List<Patient> patients = Patient.read(file);

        assertThat(patients).extracting(Patient::label).containsExactly("malignant", "benign");
        assertThat(patients.get(1).worst()).startsWith(21, 22).hasSize(10);
        // Means 1 and 3: mean 2, deviation 1.
        float[][] rows = Patient.rows(patients, Patient::mean, patients);
        assertThat(rows[0]).containsOnly(-1f);
        assertThat(rows[1]).containsOnly(1f);
        assertThat(Patient.rows(patients, Patient::worst, patients)[0][0]).isEqualTo(9f);
    }
}
