/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.multitask;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.multitask.TaskLabels;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;

/** The tasks of the example: two of WordNet, BANKING77, and three of CLINC150. */
final class TextTasks {

    private static final int LONGEST = 48;
    private static final int BANKING_TEXTS = 30;
    private static final int BANKING_TESTS = 20;
    private static final int DOMAIN_TEXTS = 150;
    private static final List<String> DOMAINS = List.of("travel", "work");

    private TextTasks() {}

    static List<TextTask> load(Path data, int most, long seed) throws IOException {
        List<TextTask> tasks = new ArrayList<>();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LONGEST)) {
            TextTask.Encoding encoding = new TextTask.Encoding(tokenizer, most, seed);
            WordNetGlosses nouns = WordNetGlosses.load(seed);
            tasks.add(TextTask.of(
                    "wordnet-nouns",
                    new TaskLabels(NounCategory.names()),
                    nouns.training(),
                    nouns.heldOut(),
                    encoding));
            WordNetGlosses verbs = WordNetGlosses.verbs(seed);
            tasks.add(TextTask.of(
                    "wordnet-verbs",
                    new TaskLabels(WordNetGlosses.verbCategories()),
                    verbs.training(),
                    verbs.heldOut(),
                    encoding));
            Banking77 banking = new Banking77(data.resolve("banking77"));
            tasks.add(TextTask.of(
                    "banking77",
                    LabeledText.draw(banking.train(), BANKING_TEXTS, seed),
                    LabeledText.draw(banking.test(), BANKING_TESTS, seed),
                    encoding));
            Clinc150 clinc = new Clinc150(data.resolve("clinc150"));
            tasks.add(TextTask.of(
                    "clinc-domains",
                    LabeledText.draw(clinc.train(), DOMAIN_TEXTS, seed),
                    LabeledText.draw(clinc.test(), DOMAIN_TEXTS, seed),
                    encoding));
            for (String domain : DOMAINS) {
                tasks.add(TextTask.of(
                        "clinc-" + domain, clinc.intents("train", domain), clinc.intents("test", domain), encoding));
            }
        }
        return tasks;
    }
}
