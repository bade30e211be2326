/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.advice.Suitability;
import org.lora4j.examples.ClassifierArms;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.Requests;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/** What a driver says: fifteen intents around cars and commuting, and what is none of them. */
final class DrivingCommands {

    private static final String DOMAIN = "auto_and_commute";
    private static final String NONE = "out of scope";
    private static final int LONGEST = 32;
    private static final int EPOCHS = 6;

    private DrivingCommands() {}

    static void run(Example example) throws IOException {
        Optional<Requests> requests = Requests.of(example);
        if (requests.isPresent()) {
            try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
                run(example, encoder, requests.get());
            }
        }
    }

    private static void run(Example example, TextEncoder encoder, Requests requests) throws IOException {
        List<LabeledText> train = texts(requests, "train", 50);
        List<LabeledText> test = texts(requests, "test", 30);
        Suitability forecast =
                Suitability.of(() -> TextClassifier.builder(encoder).quiet(), train);
        example.say("driving commands, before: %s", forecast);
        Comparison intents = new Comparison("driving commands, 15 intents", "accuracy", example.seed());
        Comparison others = new Comparison("driving commands, out of scope", "share called so", example.seed());
        int inScope = test.size() - requests.outOfScope("test").size();
        ClassifierArms arms = null;
        for (long seed : example.seeds()) {
            arms = ClassifierArms.fit(
                    example, "commands", encoder, EPOCHS, List.of(train, texts(requests, "val", 20), test), seed);
            arms.said().forEach((arm, said) -> {
                intents.addAnswers(arm, test.subList(0, inScope), said.subList(0, inScope));
                others.addAnswers(arm, test.subList(inScope, test.size()), said.subList(inScope, test.size()));
            });
        }
        example.table(intents);
        example.table(others);
        example.page(
                "commands",
                arms.page().with(intents.advice("")).with(others.advice("")).with(forecast));
    }

    /** Those of the fifteen intents, then those that are none of them. */
    private static List<LabeledText> texts(Requests requests, String part, int each) {
        return Stream.concat(
                        requests.texts(part, DOMAIN, 0, each, 0).stream(),
                        requests.outOfScope(part).stream().map(text -> new LabeledText(text, NONE)))
                .toList();
    }
}
