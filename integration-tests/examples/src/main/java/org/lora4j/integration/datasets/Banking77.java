/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tribuo.data.csv.CSVIterator;

/**
 * Questions to a bank, each with one of 77 intents (Casanueva et al. 2020, Efficient Intent Detection with Dual Sentence
 * Encoders; PolyAI, CC BY 4.0). Some texts have line breaks within quotes; Tribuo's reader of CSV keeps them.
 */
public final class Banking77 {

    private final Path folder;

    /**
     * Names the files.
     *
     * @param folder where {@code train.csv} and {@code test.csv} are
     */
    public Banking77(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads the questions for training.
     *
     * @return 10,003 questions, 35 to 187 of an intent
     * @throws IOException if the file cannot be read
     */
    public List<LabeledText> train() throws IOException {
        return read("train.csv");
    }

    /**
     * Reads the questions for testing.
     *
     * @return 3,080 questions, 40 of each intent
     * @throws IOException if the file cannot be read
     */
    public List<LabeledText> test() throws IOException {
        return read("test.csv");
    }

    private List<LabeledText> read(String file) throws IOException {
        List<LabeledText> texts = new ArrayList<>();
        try (Reader reader = Files.newBufferedReader(folder.resolve(file));
                CSVIterator rows = new CSVIterator(reader)) {
            while (rows.hasNext()) {
                Map<String, String> row = rows.next().getRowData();
                texts.add(new LabeledText(row.get("text"), row.get("category")));
            }
        }
        return texts;
    }
}
