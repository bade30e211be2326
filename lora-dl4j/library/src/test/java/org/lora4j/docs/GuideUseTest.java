/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.dossier.Dossier;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.DriftWindow;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;

/** The story of docs/use.md: from training to use. */
class GuideUseTest {

    @TempDir
    private Path folder;

    private static List<String> answersOf(TextClassifier classifier, List<LabeledText> test) {
        return classifier.predict(test.stream().map(LabeledText::text).toList()).stream()
                .map(prediction -> prediction.label())
                .toList();
    }

    @Test
    void candidate_isTrained_judged_served_andKnownByItsAnswers() throws Exception {
        Path first = folder.resolve("questions-1");
        Path second = folder.resolve("questions-2");
        List<LabeledText> train = TinyEncoder.reviews(24, 1);
        List<LabeledText> validation = TinyEncoder.reviews(12, 2);
        List<LabeledText> test = TinyEncoder.reviews(40, 3);
        List<String> texts = train.stream().map(LabeledText::text).toList();
        List<String> truth = test.stream().map(text -> text.labels().get(0)).toList();
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair keys = generator.generateKeyPair();
        try (TextEncoder encoder = TinyEncoder.create()) {
            TextClassifier inUse = TextClassifier.builder(encoder).epochs(1).build();
            inUse.fit(train, validation).save(first);
            Dossier.of(first)
                    .license("apache-2.0")
                    .base("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
                    .signedBy(keys)
                    .write();

            TextClassifier candidate = TextClassifier.builder(encoder).build();
            System.out.println(candidate.preview(train, 3));
            candidate.fit(train, validation).save(second);
            Receipt receipt = Receipt.read(second.resolve(Receipt.FILE));

            Dossier.of(second)
                    .license("apache-2.0")
                    .base("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
                    .dataset("acme/questions", "cc-by-4.0")
                    .intendedUse("Routing questions of customers.")
                    .signedBy(keys)
                    .write();

            GateVerdict verdict = PromotionGate.usual()
                    .judge(PairedResults.ofAnswers(truth, answersOf(inUse, test), answersOf(candidate, test)));
            System.out.println(verdict);
            assertThat(verdict.decision()).isNotNull();

            TrustPolicy policy = TrustPolicy.usual().strict().trusting(keys.getPublic());
            TextServer server = TextServer.builder(encoder).trust(policy).build();
            server.load("questions-1", first);
            server.routes().alias("questions", "questions-1");

            server.load("questions-2", second);
            server.routes().shadow("questions", "questions-2");
            server.routes().canary("questions", "questions-2", 0.1);
            server.routes().promote("questions");

            TextAnswer<ClassScores> answer = server.classify("questions", List.of(TextInput.of("a very good film")))
                    .join();
            boolean known =
                    receipt.hash(Receipt.TRAINED).equals(Optional.of(answer.by().contentHash()));
            assertThat(known).isTrue();
            assertThat(answer.by().adapter()).isEqualTo("questions-2");

            server.watch("questions", texts, 500);
            Optional<DriftWindow> drift = server.drift("questions");
            assertThat(drift).isNotNull();

            server.routes().rollback("questions");
            assertThat(server.routes().status("questions").current()).isEqualTo("questions-1");
            server.close();
        }
    }
}
