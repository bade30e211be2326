/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.healthcare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.lora4j.examples.Example;
import org.lora4j.examples.MedQuad;
import org.lora4j.examples.Patient;
import org.lora4j.text.TextEncoder;

/** Two tasks of healthcare: types of answers (MedQuAD) on all-MiniLM-L6-v2, and a clinical table on a network of Deeplearning4j. */
public final class HealthcareExample {

    /** Stands on every page. */
    static final String NOT_FOR =
            "nothing here may be used to diagnose, treat or advise anybody: it shows a method on old public data, and no clinician checked it";

    private static final int LONGEST = 64;

    private HealthcareExample() {}

    /**
     * Runs the example.
     *
     * @param args as of {@link Example}
     */
    public static void main(String... args) {
        Example.main("example-healthcare", args, HealthcareExample::run);
    }

    private static void run(Example example) throws IOException {
        example.say("What this must not be used for: " + NOT_FOR + ".");
        Optional<Path> table = example.data(Patient.FILE);
        if (table.isPresent()) {
            new ClinicalTable(example, Patient.read(table.get())).run();
        }
        Optional<Path> answers = example.data(MedQuad.FILE);
        if (answers.isPresent()) {
            try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
                new AnswerTypes(example, encoder, MedQuad.read(answers.get())).run();
            }
        }
    }
}
