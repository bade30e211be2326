/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.dossier.Dossier;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.PreflightRule;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;

/** The examples of docs/trust.md. */
class GuideTrustTest {

    @TempDir
    private Path folder;

    @Test
    void example_leavesItsReceipt_andIsLoadedByAKey() throws Exception {
        Path directory = folder.resolve("task");
        List<LabeledText> train = TinyEncoder.reviews(24, 1);
        List<LabeledText> validation = TinyEncoder.reviews(12, 2);
        try (TextEncoder encoder = TinyEncoder.create()) {
            TextClassifier classifier = TextClassifier.builder(encoder).build();
            System.out.println(classifier.preview(train, 3));
            classifier.fit(train, validation).save(directory);
            Receipt receipt = Receipt.read(directory.resolve(Receipt.FILE));
            assertThat(receipt.data().get(Receipt.TRAIN).examples()).isEqualTo(24);

            TextClassifier.builder(encoder).allow(PreflightRule.NO_GRADIENT);

            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            PublicKey publicKey = keys.getPublic();
            ModelSignature.sign(directory, keys);
            ModelSignature.verify(directory, List.of(keys.getPublic()));
            TrustPolicy policy = TrustPolicy.usual().strict().trusting(publicKey);
            TextClassifier loaded = TextClassifier.load(directory, encoder.withTrust(policy));
            assertThat(loaded.receipt()).contains(receipt);

            Dossier.of(directory)
                    .license("apache-2.0")
                    .base("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
                    .dataset("acme/tickets", "cc-by-4.0")
                    .intendedUse("Routing tickets of customers to a department.")
                    .limit("English only.")
                    .findings(classifier.report().notes())
                    .signedBy(keys)
                    .write();
            assertThat(TextClassifier.load(directory, encoder.withTrust(policy)).receipt())
                    .contains(receipt);
            classifier.save(directory);
            assertThat(directory.resolve(Dossier.BILL)).doesNotExist();
            assertThat(directory.resolve(ModelSignature.FILE)).doesNotExist();
        }
    }

    @Test
    void gate_judgesACandidate() {
        List<String> truth = new ArrayList<>();
        List<String> inUse = new ArrayList<>();
        List<String> candidate = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            truth.add(i % 2 == 0 ? "a" : "b");
            inUse.add(i % 10 < 7 ? truth.get(i) : "c");
            candidate.add(i % 10 < 9 ? truth.get(i) : "c");
        }
        GateVerdict verdict = PromotionGate.usual()
                .judge(PairedResults.ofAnswers(truth, inUse, candidate)
                        .withScore("what the base knew", 0.91, 0.90)
                        .withCost("seconds of a request", 0.020, 0.021));
        System.out.println(verdict);

        assertThat(verdict.decision()).isEqualTo(GateVerdict.Decision.PROMOTE);
    }
}
